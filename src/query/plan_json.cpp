#include "base/json_writer.h"
#include "query/search.h"

namespace kith::query {
namespace {

void write_strings(JsonWriter& json, const char* name, const std::vector<std::string>& strings) {
  json.key(name).begin_array();
  for (const auto& text : strings) json.value(text);
  json.end_array();
}

void write_leg(JsonWriter& json, const SearchPlan::Leg& leg) {
  json.begin_object().field("leg", leg.name).field("weight", leg.weight).field("trust", leg.trust);
  json.field("candidates", leg.candidates).field("strategy", leg.report.strategy);
  json.field("scored", leg.report.scored).field("tail_scored", leg.report.tail_scored);
  json.field("filter_matches", leg.report.filter_matches).end_object();
}

}  // namespace

std::string plan_json(const SearchPlan& plan) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("mode_asked", mode_name(plan.asked)).field("mode", mode_name(plan.used));
  json.field("reason", plan.reason);
  write_strings(json, "notes", plan.notes);
  json.field("query", plan.query).field("normalised_query", plan.normalised_query);
  write_strings(json, "terms", plan.terms);
  json.field("query_tokens", plan.query_tokens).field("candidate_depth", plan.depth);
  if (plan.used == Mode::hybrid) json.field("fusion", "rrf").field("rrf_k", plan.rrf_k);
  json.key("legs").begin_array();
  for (const auto& leg : plan.legs) write_leg(json, leg);
  json.end_array().end_object();
  return out;
}

}  // namespace kith::query
