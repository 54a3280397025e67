// Character encodings: bytes of unknown encoding → UTF-8.
//
// Order of belief: byte order mark, then the declared name, then "valid UTF-8", then Windows-1252 (which is what
// the web calls Latin-1). Names other than UTF-8, UTF-16, Latin-1 and Windows-1252 go to the C library's iconv.
// Bytes that are invalid in their encoding become U+FFFD; an encoding that nobody knows is an error.
// Cost: linear. Thread safety: plain functions.
#pragma once

#include <kith/result.h>

#include <string>
#include <string_view>

namespace kith::rag {

/// `declared` may be empty, in any case, with quotes or spaces around it. NUL characters are dropped.
Result<std::string> to_utf8(std::string_view bytes, std::string_view declared);

/// charset= of a media type ("text/html; charset=ISO-8859-1"), or empty.
std::string_view charset_of_media_type(std::string_view media_type);

/// The media type without parameters, trimmed; case as given.
std::string_view bare_media_type(std::string_view media_type);

/// Many NULs or control characters: not text in any encoding that we know of (UTF-16 with a mark is text).
bool looks_binary(std::string_view bytes);

/// "\r\n" and "\r" → "\n".
std::string normalize_newlines(std::string_view text);

}  // namespace kith::rag
