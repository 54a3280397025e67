#include "base/exposition.h"

#include "base/utf8.h"

#include <array>
#include <charconv>
#include <cmath>

namespace kith::exposition {
namespace {

// Help texts escape \ and line breaks; label values also the quote.
void append_escaped(std::string& out, std::string_view text, bool quote) {
  std::string valid;
  append_valid_utf8(valid, text);
  for (const char c : valid) {
    if (c == '\\') {
      out.append("\\\\");
    } else if (c == '\n') {
      out.append("\\n");
    } else if (c == '"' && quote) {
      out.append("\\\"");
    } else {
      out.push_back(c);
    }
  }
}

void append_label(std::string& out, bool& first, std::string_view name, std::string_view value) {
  out.push_back(first ? '{' : ',');
  first = false;
  out.append(name);
  out.append("=\"");
  append_escaped(out, value, true);
  out.push_back('"');
}

void append_line(std::string& out, const MetricFamily& family, std::string_view suffix, const Labels& values,
                 std::string_view le, double value) {
  out.append(family.name());
  out.append(suffix);
  bool first = true;
  for (std::size_t i = 0; i < values.size(); ++i)
    append_label(out, first, family.label_names()[i], values[i]);
  if (!le.empty()) append_label(out, first, "le", le);
  if (!first) out.push_back('}');
  out.push_back(' ');
  append_number(out, value);
  out.push_back('\n');
}

}  // namespace

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out.append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out.append(value > 0 ? "+Inf" : "-Inf");
    return;
  }
  std::array<char, 48> buffer;
  constexpr double exact_max = 9007199254740992.0;
  char* const first = buffer.data();
  char* const last = first + buffer.size();
  const double size = std::fabs(value);
  char* end = nullptr;
  if (size <= exact_max && value == std::trunc(value)) {
    end = std::to_chars(first, last, static_cast<std::int64_t>(value)).ptr;
  } else if (size >= 1e-6 && size < 1e15) {
    end = std::to_chars(first, last, value, std::chars_format::fixed).ptr;  // "0.0005", not "5e-04"
  } else {
    end = std::to_chars(first, last, value).ptr;
  }
  out.append(buffer.data(), end);
}

void append_header(std::string& out, const MetricFamily& family) {
  constexpr std::array<std::string_view, 3> types = {"counter", "gauge", "histogram"};
  out.append("# HELP ").append(family.name()).push_back(' ');
  append_escaped(out, family.help(), false);
  out.append("\n# TYPE ").append(family.name()).push_back(' ');
  out.append(types[static_cast<std::size_t>(family.type())]);
  out.push_back('\n');
}

void append_sample(std::string& out, const MetricFamily& family, const Labels& values, double value) {
  append_line(out, family, "", values, "", value);
}

void append_histogram(std::string& out, const MetricFamily& family, const Labels& values,
                      const HistogramSnapshot& data, std::span<const double, 16> bounds) {
  const auto cumulative = data.cumulative();
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    std::string bound;
    append_number(bound, bounds[i]);
    append_line(out, family, "_bucket", values, bound, static_cast<double>(cumulative[i]));
  }
  const auto everything = static_cast<double>(cumulative.back());
  append_line(out, family, "_bucket", values, "+Inf", everything);
  append_line(out, family, "_sum", values, "", data.sum());
  append_line(out, family, "_count", values, "", everything);
}

}  // namespace kith::exposition
