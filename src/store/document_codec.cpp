#include "store/document_codec.h"

#include "base/try.h"
#include "store/sealed_record.h"

namespace kith::store {
namespace {

constexpr std::uint8_t document_format = 1, text_format = 1;
constexpr std::string_view what = "document record";

}  // namespace

std::string encode_document(const DocumentRecord& record) {
  ByteWriter writer = begin_record(document_format);
  for (const std::string* text :
       {&record.uri, &record.title, &record.media_type, &record.content_hash, &record.metadata}) {
    writer.put_string(*text);
  }
  writer.put_varint(record.text_bytes);
  writer.put(record.updated_unix_ms);
  writer.put_varint(record.version.value);
  writer.put_varint(record.chunks.size());
  for (const PointId& id : record.chunks) writer.put_string(id.key());
  return seal_record(std::move(writer));
}

Result<DocumentRecord> decode_document(std::string_view id, std::string_view bytes) {
  ByteReader reader = KITH_TRY(open_record(bytes, document_format, what));
  DocumentRecord record;
  record.id = id;
  for (std::string* text :
       {&record.uri, &record.title, &record.media_type, &record.content_hash, &record.metadata}) {
    *text = KITH_TRY(reader.get_string());
  }
  record.text_bytes = KITH_TRY(reader.get_varint());
  record.updated_unix_ms = KITH_TRY(reader.get<std::int64_t>());
  record.version = ChangeSeq{KITH_TRY(reader.get_varint())};
  constexpr std::size_t chunk_bytes_min = 3;  // length and the two bytes of the shortest id
  const std::size_t chunks = KITH_TRY(get_count(reader, chunk_bytes_min));
  record.chunks.reserve(chunks);
  for (std::size_t i = 0; i < chunks; ++i) {
    record.chunks.push_back(KITH_TRY(PointId::from_key(KITH_TRY(reader.get_string()))));
  }
  KITH_TRY(expect_end(reader, what));
  return record;
}

std::string encode_text(std::string_view text) {
  ByteWriter writer = begin_record(text_format);
  writer.put_raw(text);
  return seal_record(std::move(writer));
}

Result<std::string> decode_text(std::string_view bytes) {
  ByteReader reader = KITH_TRY(open_record(bytes, text_format, "document text"));
  return std::string(KITH_TRY(reader.get_raw(reader.remaining())));
}

}  // namespace kith::store
