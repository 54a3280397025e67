#include "rag/encoding.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>

#include "base/utf8.h"

namespace kith::rag {
namespace {

constexpr std::string_view mark_utf8 = "\xEF\xBB\xBF";

// 0x80…0x9F of Windows-1252; the five holes keep their C1 control, as browsers do.
constexpr std::array<std::uint16_t, 32> windows_1252_high = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

void append_code_point(std::string& out, std::uint32_t code_point) {
  if (code_point < 0x80) {
    out.push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out.push_back(static_cast<char>(0xC0 | code_point >> 6));
    out.push_back(static_cast<char>(0x80 | (code_point & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xE0 | code_point >> 12));
    out.push_back(static_cast<char>(0x80 | (code_point >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code_point & 0x3F)));
  }
}

std::string from_windows_1252(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    append_code_point(out, byte >= 0x80 && byte < 0xA0 ? windows_1252_high[byte - 0x80] : byte);
  }
  return out;
}

std::string repair_utf8(std::string_view bytes) {
  if (is_valid_utf8(bytes)) return std::string(bytes);
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const Utf8Step step = utf8_step(bytes);
    out.append(step.valid ? bytes.substr(0, step.bytes) : utf8_replacement);
    bytes.remove_prefix(step.bytes);
  }
  return out;
}

struct IconvCloser {
  void operator()(void* handle) const { iconv_close(handle); }
};

Result<std::string> by_iconv(std::string_view bytes, const std::string& charset) {
  iconv_t raw = iconv_open("UTF-8", charset.c_str());
  if (raw == reinterpret_cast<iconv_t>(-1)) {
    if (is_valid_utf8(bytes)) return std::string(bytes);  // a misspelt name of what the bytes plainly are
    return failure(ErrorCode::unsupported,
                   "unknown character encoding \"" + charset + "\"; convert the document to UTF-8");
  }
  const std::unique_ptr<void, IconvCloser> handle(raw);
  std::string out;
  std::string buffer(1 << 16, '\0');
  // iconv's signature is not const-correct; it does not write to the input.
  char* in = const_cast<char*>(bytes.data());
  std::size_t in_left = bytes.size();
  while (in_left > 0) {
    char* target = buffer.data();
    std::size_t target_left = buffer.size();
    const std::size_t done = iconv(raw, &in, &in_left, &target, &target_left);
    out.append(buffer.data(), buffer.size() - target_left);
    if (done != static_cast<std::size_t>(-1)) continue;
    if (errno == E2BIG) continue;
    out.append(utf8_replacement);
    if (errno == EINVAL) break;  // cut off in the middle of a character
    ++in;
    --in_left;
  }
  return out;
}

std::string canonical_charset(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '"' || c == '\'' || c == ' ' || c == '\t') continue;
    if (out.size() == 40) break;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  }
  // iconv reads "//" as a list of options; a name never holds these characters.
  std::erase_if(out, [](char c) {
    return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
             c == ':');
  });
  return out;
}

bool is_western(std::string_view name) {
  return name == "iso-8859-1" || name == "iso8859-1" || name == "latin1" || name == "latin-1" ||
         name == "windows-1252" || name == "cp1252" || name == "us-ascii" || name == "ascii";
}

std::string without_nul(std::string text) {
  std::erase(text, '\0');
  return text;
}

/// Text of single-byte characters behind a mark of UTF-16 has been glued together wrongly.
bool plausible_utf16(std::string_view bytes) {
  const std::string_view sample = bytes.substr(2, 256);
  return std::any_of(sample.begin(), sample.end(),
                     [](char c) { return c == '\0' || static_cast<unsigned char>(c) >= 0x80; });
}

}  // namespace

Result<std::string> to_utf8(std::string_view bytes, std::string_view declared) {
  if (bytes.starts_with(mark_utf8)) return without_nul(repair_utf8(bytes.substr(mark_utf8.size())));
  const auto utf16 = [&](const char* order) -> Result<std::string> {
    auto converted = by_iconv(bytes.substr(2), order);
    if (!converted) return converted;
    return without_nul(*std::move(converted));
  };
  if (bytes.starts_with("\xFF\xFE") && plausible_utf16(bytes)) return utf16("UTF-16LE");
  if (bytes.starts_with("\xFE\xFF") && plausible_utf16(bytes)) return utf16("UTF-16BE");

  const std::string charset = canonical_charset(declared);
  // A page without a mark that was read far enough to find its declaration is not UTF-16, whatever it says.
  const bool said_utf8 =
      charset.empty() || charset == "utf-8" || charset == "utf8" || charset.starts_with("utf-16");
  if (said_utf8 || is_western(charset)) {
    // Pages that say Latin-1 and are UTF-8 are common; the reverse coincidence hardly exists.
    if (is_valid_utf8(bytes)) return without_nul(std::string(bytes));
    return without_nul(charset == "utf-8" || charset == "utf8" ? repair_utf8(bytes)
                                                               : from_windows_1252(bytes));
  }
  auto converted = by_iconv(bytes, charset);
  if (!converted) return converted;
  return without_nul(repair_utf8(*converted));
}

std::string_view bare_media_type(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  while (!media_type.empty() && media_type.back() == ' ') media_type.remove_suffix(1);
  while (!media_type.empty() && media_type.front() == ' ') media_type.remove_prefix(1);
  return media_type;
}

std::string_view charset_of_media_type(std::string_view media_type) {
  for (std::size_t at = media_type.find(';'); at != std::string_view::npos;
       at = media_type.find(';', at + 1)) {
    std::string_view parameter = media_type.substr(at + 1);
    while (!parameter.empty() && parameter.front() == ' ') parameter.remove_prefix(1);
    constexpr std::string_view key = "charset=";
    if (parameter.size() < key.size()) continue;
    const bool same = std::equal(key.begin(), key.end(), parameter.begin(), [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
    });
    if (same) return parameter.substr(key.size(), parameter.find(';') - key.size());
  }
  return {};
}

bool looks_binary(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) return false;
  if (bytes.starts_with("%PDF-") || bytes.starts_with("PK\x03\x04") ||
      bytes.starts_with("\xD0\xCF\x11\xE0") || bytes.starts_with("{\\rtf") || bytes.starts_with("ITSF")) {
    return true;
  }
  const std::string_view sample = bytes.substr(0, 64 << 10);
  std::size_t controls = 0;
  for (const char c : sample) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) return true;
    if (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t' && byte != '\f' && byte != 0x1B)
      ++controls;
  }
  return controls * 50 > sample.size();
}

std::string normalize_newlines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out.push_back(text[i]);
    } else {
      out.push_back('\n');
      if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
    }
  }
  return out;
}

}  // namespace kith::rag
