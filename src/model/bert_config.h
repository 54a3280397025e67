// config.json of a BERT model: what the encoder has to know, checked.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <string>

#include "model/linear.h"

namespace kith::model {

struct BertConfig {
  std::size_t hidden = 0;
  std::size_t layers = 0;
  std::size_t heads = 0;
  std::size_t intermediate = 0;
  std::size_t vocabulary = 0;
  std::size_t positions = 0;
  std::size_t token_types = 0;
  float layer_norm_epsilon = 1e-12f;
  Activation activation = Activation::gelu_erf;

  std::size_t head_dimension() const { return hidden / heads; }
};

/// corrupt (not JSON, a value missing or impossible), unsupported (another architecture, activation or kind of
/// position), not_found.
Result<BertConfig> load_bert_config(const std::string& path);

}  // namespace kith::model
