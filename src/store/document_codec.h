// Document records and texts as bytes. Layout in docs/FORMAT.md. Thread safety: pure functions.
#pragma once

#include <kith/collection.h>
#include <kith/result.h>

#include <string>
#include <string_view>

namespace kith::store {

/// Without the id, which the key says.
std::string encode_document(const DocumentRecord& record);
Result<DocumentRecord> decode_document(std::string_view id, std::string_view bytes);

std::string encode_text(std::string_view text);
Result<std::string> decode_text(std::string_view bytes);

}  // namespace kith::store
