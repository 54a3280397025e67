#include "base/base64.h"
#include "base/try.h"
#include "fields/filter_json.h"
#include "rag/document_source.h"
#include "rag/ingest_pipeline.h"
#include "server/multipart.h"
#include "server/v1_endpoints.h"
#include "server/v1_json.h"

namespace kith::server::v1 {
namespace {

constexpr std::size_t page_limit_default = 100, page_limit_max = 1'000;

Result<std::string> decode_content(std::string_view text) {
  auto out = base64_decode(text);
  if (!out) return std::unexpected(std::move(out).error().with_context("'content'"));
  return out;
}

Result<rag::SourceItem> parse_item(const net::JsonValue& value, std::size_t index) {
  const std::string place = "documents[" + std::to_string(index) + "]";
  const auto parse = [&]() -> Result<rag::SourceItem> {
    if (!value.is_object()) return failure(ErrorCode::invalid_argument, "must be an object");
    KITH_TRY(check_fields(value, {"id", "uri", "title", "text", "content", "media_type", "metadata"}));
    rag::SourceItem item;
    item.id = KITH_TRY(text_field(value, "id")).value_or("");
    item.uri = KITH_TRY(text_field(value, "uri")).value_or("");
    item.title = KITH_TRY(text_field(value, "title")).value_or("");
    item.media_type = KITH_TRY(text_field(value, "media_type")).value_or("");
    item.name = !item.id.empty() ? item.id : !item.uri.empty() ? item.uri : place;
    if (const auto metadata = value.find_not_null("metadata")) {
      if (!metadata->is_object()) return failure(ErrorCode::invalid_argument, "'metadata' must be an object");
      item.metadata = metadata->raw();
    }
    const auto text = KITH_TRY(text_field(value, "text"));
    const auto content = KITH_TRY(text_field(value, "content"));
    if (text.has_value() == content.has_value()) {
      return failure(ErrorCode::invalid_argument, "give either 'text' or 'content' (base64)");
    }
    if (item.id.empty() && item.uri.empty())
      return failure(ErrorCode::invalid_argument, "give an 'id' or a 'uri'");
    if (text && item.media_type.empty()) item.media_type = "text/plain";
    // A line of JSON Lines names itself; the uri is its file's, which every line of that file shares.
    item.uri_completes = item.id.empty() && rag::LoaderRegistry::is_json_lines(item.media_type);
    item.body = text ? *text : KITH_TRY(decode_content(*content));
    return item;
  };
  auto item = parse();
  if (!item) return std::unexpected(std::move(item).error().with_context(place));
  return item;
}

Result<std::vector<rag::SourceItem>> parse_items(const net::Request& request) {
  const std::string_view content_type = request.headers.value_or_empty("content-type");
  if (content_type.starts_with("multipart/form-data")) {
    std::vector<rag::SourceItem> items;
    for (auto& part : KITH_TRY(parse_multipart(content_type, request.body))) {
      if (part.file_name.empty()) continue;
      rag::SourceItem item;
      item.uri = "upload:" + rag::percent_encode(part.file_name);
      item.name = part.file_name;
      item.media_type = part.content_type == "application/octet-stream" ? "" : part.content_type;
      item.body = std::move(part.body);
      items.push_back(std::move(item));
    }
    if (items.empty())
      return failure(ErrorCode::invalid_argument, "the form has no file; send one with -F file=@PATH");
    return items;
  }
  const auto document = KITH_TRY(parse_body(request));
  KITH_TRY(check_fields(document.root(), {"documents"}));
  const auto documents = document.root().find_not_null("documents");
  if (!documents || !documents->is_array())
    return failure(ErrorCode::invalid_argument, "'documents' must be an array");
  std::vector<rag::SourceItem> items;
  for (const auto value : documents->elements()) items.push_back(KITH_TRY(parse_item(value, items.size())));
  if (items.empty()) return failure(ErrorCode::invalid_argument, "'documents' is empty; send at least one");
  return items;
}

void append_result(JsonWriter& json, const rag::DocumentResult& result) {
  json.begin_object().field("id", result.id.empty() ? result.name : result.id);
  json.field("status", rag::document_status_name(result.status)).field("chunks", result.chunks);
  if (result.error) json.field("error", result.error->message);
  if (!result.warnings.empty()) {
    json.key("warnings").begin_array();
    for (const auto& warning : result.warnings) json.value(warning);
    json.end_array();
  }
  json.end_object();
}

Outcome ingest_now(rag::IngestPipeline& pipeline, rag::IngestOptions options,
                   std::vector<rag::SourceItem> items, const StopToken* stop) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("results").begin_array();
  options.on_document = [&](const rag::DocumentResult& result) { append_result(json, result); };
  const auto source = rag::items_source(std::move(items));
  const auto summary = KITH_TRY(pipeline.run(*source, options, stop));
  if (summary.stopped_by) return std::unexpected(*summary.stopped_by);
  if (summary.cancelled) {
    return failure(ErrorCode::deadline_exceeded,
                   "the ingest took longer than a request may; documents that were finished "
                   "are in. Send fewer at once, or leave ?wait=true out to get a job");
  }
  json.end_array().end_object();
  return Answer{out};
}

void append_record(JsonWriter& json, const DocumentRecord& record) {
  json.begin_object().field("id", record.id).field("uri", record.uri).field("title", record.title);
  json.field("media_type", record.media_type).field("chunks", record.chunks.size());
  json.field("text_bytes", record.text_bytes).field("content_hash", record.content_hash);
  json.field("updated_unix_ms", record.updated_unix_ms).field("version", record.version.value);
  json.raw_field("metadata", record.metadata).end_object();
}

std::unexpected<Error> no_document(const net::Request& request) {
  return failure(ErrorCode::not_found, "collection '" + request.path_parameter("collection") +
                                           "' has no document '" + request.path_parameter("document") + "'");
}

}  // namespace

Outcome put_documents(Node& node, const net::Request& request) {
  const std::string& name = request.path_parameter("collection");
  auto items = KITH_TRY(parse_items(request));
  KITH_TRY(node.documents_collection(name));
  const auto pipeline = KITH_TRY(node.pipeline(name));
  auto options = KITH_TRY(node.ingest_options());
  const std::string* wait = request.query_value("wait");
  if (wait != nullptr && *wait == "true") {
    const auto place = KITH_TRY(node.take_ingest_place());
    return ingest_now(*pipeline, std::move(options), std::move(items), request.stop);
  }

  auto shared_items = std::make_shared<std::vector<rag::SourceItem>>(std::move(items));
  const auto work = [pipeline, options, shared_items](rag::JobContext& job) mutable -> Status {
    options.on_progress = [&](const rag::IngestProgress& progress) { rag::report_progress(job, progress); };
    options.on_document = [&](const rag::DocumentResult& result) {
      if (result.error) job.error(result.name, result.error->message);
    };
    const auto source = rag::items_source(std::move(*shared_items));
    return rag::finish_ingest_job(job, KITH_TRY(pipeline->run(*source, options, &job.stop())));
  };
  const std::string id = KITH_TRY(node.jobs().submit("ingest", name, work));
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("job", id).end_object();
  return Answer{out, 202};
}

Outcome list_documents(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(node.database().collection(request.path_parameter("collection")));
  std::size_t limit = page_limit_default;
  if (const std::string* given = request.query_value("limit")) {
    char* end = nullptr;
    limit = std::strtoull(given->c_str(), &end, 10);
    if (given->empty() || *end != '\0' || limit < 1 || limit > page_limit_max) {
      return failure(ErrorCode::invalid_argument,
                     "limit must be a number from 1 to 1000, not '" + *given + "'");
    }
  }
  const std::string* cursor = request.query_value("cursor");
  const auto snapshot = KITH_TRY(collection->snapshot());
  const auto page = KITH_TRY(snapshot->documents(cursor != nullptr ? *cursor : "", limit));
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("documents").begin_array();
  for (const auto& record : page.records) append_record(json, record);
  json.end_array();
  if (page.next) {
    json.field("next_cursor", *page.next);
  } else {
    json.null_field("next_cursor");
  }
  json.end_object();
  return Answer{out};
}

Outcome get_document(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(node.database().collection(request.path_parameter("collection")));
  const auto snapshot = KITH_TRY(collection->snapshot());
  const auto record = KITH_TRY(snapshot->document(request.path_parameter("document")));
  if (!record) return no_document(request);
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("document");
  append_record(json, *record);
  json.key("chunk_ids").begin_array();
  for (const auto& id : record->chunks) json.value(id.to_string());
  json.end_array();
  const std::string* with_text = request.query_value("text");
  if (with_text == nullptr || *with_text != "false") {
    const auto text = KITH_TRY(snapshot->document_text(record->id));
    if (text) json.field("text", *text);
  }
  json.end_object();
  return Answer{out};
}

Outcome drop_document(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(node.database().collection(request.path_parameter("collection")));
  if (!KITH_TRY(rag::delete_document(*collection, request.path_parameter("document"))))
    return no_document(request);
  return Answer{R"({"deleted":true})"};
}

// {filter}: every document one of whose chunks matches.
Outcome delete_documents(Node& node, const net::Request& request) {
  const auto collection = KITH_TRY(node.database().collection(request.path_parameter("collection")));
  const auto document = KITH_TRY(parse_body(request));
  KITH_TRY(check_fields(document.root(), {"filter"}));
  const auto given = document.root().find_not_null("filter");
  if (!given)
    return failure(ErrorCode::invalid_argument,
                   "'filter' is missing; an empty one ({}) would delete everything");
  const Filter filter = KITH_TRY(fields::parse_filter(given->raw()));
  const auto snapshot = KITH_TRY(collection->snapshot());
  std::uint64_t deleted = 0;
  std::string from;
  for (bool more = true; more;) {
    const auto page = KITH_TRY(snapshot->documents(from, page_limit_max));
    for (const auto& record : page.records) {
      Filter of_document;
      of_document.must.push_back(HasId{record.chunks});
      of_document.must.push_back(SubFilter{std::make_shared<const Filter>(filter)});
      if (record.chunks.empty() || KITH_TRY(snapshot->count(&of_document)) == 0) continue;
      deleted += KITH_TRY(rag::delete_document(*collection, record.id)) ? 1 : 0;
    }
    more = page.next.has_value();
    if (more) from = *page.next;
  }
  return Answer{R"({"deleted":)" + std::to_string(deleted) + "}"};
}

}  // namespace kith::server::v1
