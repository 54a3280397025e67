#include "base/json_writer.h"
#include "rag/answer.h"

namespace kith::rag {
namespace {

void optional_field(JsonWriter& json, std::string_view name, const std::optional<double>& value) {
  if (value) json.field(name, *value);
}

void write_source(JsonWriter& json, const AnswerSource& source) {
  json.begin_object().field("n", source.n).field("document_id", source.document_id);
  json.field("chunk_id", source.chunk_id).field("title", source.title).field("uri", source.uri);
  json.key("heading_path").begin_array();
  for (const auto& heading : source.heading_path) json.value(heading);
  json.end_array();
  if (source.page > 0) json.field("page", source.page);
  json.field("start", source.start)
      .field("end", source.end)
      .field("text", source.text)
      .field("score", source.score);
  json.key("scores").begin_object();
  optional_field(json, "dense", source.dense);
  optional_field(json, "lexical", source.lexical);
  optional_field(json, "rerank", source.rerank);
  optional_field(json, "combined", source.combined);
  json.end_object().field("verified", source.verified).end_object();
}

void write_sentence(JsonWriter& json, const AnswerSentence& sentence) {
  json.begin_object()
      .field("source", sentence.source)
      .field("start", sentence.start)
      .field("end", sentence.end);
  json.field("start_in_source", sentence.start_in_source).field("end_in_source", sentence.end_in_source);
  json.field("text", sentence.text).field("score", sentence.score);
  optional_field(json, "cosine", sentence.cosine);
  json.field("term_overlap", sentence.term_overlap).field("verified", sentence.verified).end_object();
}

}  // namespace

std::string answer_json(const Answer& answer) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("question", answer.question).field("answer", answer.answer).key("best");
  if (answer.best) {
    write_sentence(json, *answer.best);
  } else {
    json.null();
  }
  json.key("sources").begin_array();
  for (const auto& source : answer.sources) write_source(json, source);
  json.end_array().key("notes").begin_array();
  for (const auto& note : answer.notes) json.value(note);
  json.end_array()
      .key("timings_ms")
      .begin_object()
      .field("select", answer.select_ms)
      .field("embed", answer.embed_ms);
  json.field("verify", answer.verify_ms).end_object().end_object();
  return out;
}

}  // namespace kith::rag
