// What the JSON files of a sentence-transformers folder say, checked and put into one structure.
// Thread safety: a plain value.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <optional>
#include <string>

#include "model/bert_config.h"
#include "model/pooling.h"

namespace kith::model {

struct SentenceFolder {
  std::string tokenizer_path;
  std::string weights_path;
  BertConfig bert;
  Pooling pooling;
  bool normalize = false;
  std::size_t tokens_max = 0;    ///< of max_seq_length, the tokenizer's limit and the positions the least
  bool lowercase_first = false;  ///< sentence_bert_config.json's do_lower_case
  std::string query_prompt;
  std::string document_prompt;

  std::size_t dimension() const { return pooling.modes.size() * bert.hidden; }
  /// Everything here that changes vectors, as one text: part of the fingerprint.
  std::string description() const;
};

/// not_found (no folder, a file missing), corrupt, unsupported; every message names the file.
Result<SentenceFolder> read_sentence_folder(const std::string& folder);

}  // namespace kith::model
