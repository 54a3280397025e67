#include "text/chunker.h"

#include "base/try.h"
#include "text/chunk_characters.h"
#include "text/chunk_packer.h"
#include "text/chunk_sections.h"
#include "text/unicode.h"

#include <algorithm>
#include <charconv>

namespace kith::text {
namespace {

constexpr std::string_view no_overlap = "-no-overlap";
constexpr std::size_t tokens_min = 16, tokens_limit = 100'000;
constexpr std::size_t characters_min = 50, characters_limit = 1'000'000;

std::unexpected<Error> bad_policy(std::string_view name) {
  return failure(
      ErrorCode::invalid_argument,
      "chunk policy \"" + std::string(name) +
          "\" is not known; use structure, structure-TOKENS (16 to 100000) or characters-SIZE-OVERLAP (size "
          "50 to 1000000, overlap up to half of it), for example characters-1000-200");
}

bool parse_number(std::string_view text, std::size_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// Consecutive sections that are packed together.
struct SectionGroup {
  std::vector<std::string> path;
  std::vector<Block> blocks;
  std::size_t tokens = 0;
  bool heading_only = false;
};

bool may_join(const SectionGroup& group, const Section& section, std::size_t section_tokens,
              std::size_t tokens_max) {
  const auto common = common_prefix(group.path, section.path);
  // Headings without a text of their own lead to their first subsection.
  if (group.heading_only && common == group.path.size() && section.path.size() > common) return true;
  const auto small = tokens_max / 4;
  if (group.tokens >= small && section_tokens >= small) return false;
  // Room is left for title and path.
  if (group.tokens + section_tokens > tokens_max * 2 / 3) return false;
  return common + 1 >= std::min(group.path.size(), section.path.size());
}

void join(SectionGroup& group, Section&& section, std::size_t section_tokens) {
  const auto common = common_prefix(group.path, section.path);
  if (group.heading_only && common == group.path.size()) {
    group.path = section.path;
  } else {
    group.path.resize(common);
  }
  group.heading_only = group.heading_only && section.heading_only();
  group.tokens += section_tokens;
  std::ranges::move(section.blocks, std::back_inserter(group.blocks));
}

std::vector<Chunk> chunk_by_structure(const StructuredText& document, const ChunkerOptions& options,
                                      const TokenCounter& counter) {
  ChunkPacker packer(document, options, counter);
  SectionGroup group;
  const auto flush = [&] {
    if (!group.blocks.empty()) packer.pack(group.blocks, group.path);
    group = {};
  };
  for (auto& section : find_sections(document)) {
    const auto bytes = section.blocks.back().end - section.blocks.front().start;
    // Long sections are not counted here: they are never small.
    const auto tokens =
        bytes > options.tokens_max * 16
            ? options.tokens_max
            : counter(std::string_view(document.text).substr(section.blocks.front().start, bytes));
    const bool alone = section.heading_only();
    if (group.blocks.empty() || !may_join(group, section, tokens, options.tokens_max)) {
      flush();
      group = {section.path, std::move(section.blocks), tokens, alone};
    } else {
      join(group, std::move(section), tokens);
    }
  }
  flush();
  return packer.take();
}

}  // namespace

std::size_t estimate_tokens(std::string_view text) {
  std::size_t words = 0;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto next = decode_char(text, at);
    at += next.bytes;
    const bool unspaced = next.code >= 0x0E00 && script_of(next.code) == Script::unspaced;
    if (is_space(next.code) || unspaced) {
      in_word = false;
      words += unspaced && !is_mark(next.code) ? 1 : 0;
    } else if (!in_word) {
      in_word = true;
      ++words;
    }
  }
  return (words * 13 + 9) / 10;
}

Result<ChunkerOptions> parse_chunk_policy(std::string_view name) {
  ChunkerOptions options;
  if (name == "structure") return options;
  constexpr std::string_view structure = "structure-", characters = "characters-";
  if (name.starts_with(structure)) {
    auto number = name.substr(structure.size());
    if (number.ends_with(no_overlap)) {
      number.remove_suffix(no_overlap.size());
      options.overlap_sentences = 0;
    }
    if (!parse_number(number, options.tokens_max)) return bad_policy(name);
    if (options.tokens_max < tokens_min || options.tokens_max > tokens_limit) return bad_policy(name);
    return options;
  }
  if (!name.starts_with(characters)) return bad_policy(name);
  const auto numbers = name.substr(characters.size());
  const auto dash = numbers.find('-');
  if (dash == std::string_view::npos || !parse_number(numbers.substr(0, dash), options.characters_max) ||
      !parse_number(numbers.substr(dash + 1), options.characters_overlap)) {
    return bad_policy(name);
  }
  if (options.characters_max < characters_min || options.characters_max > characters_limit ||
      options.characters_overlap > options.characters_max / 2) {
    return bad_policy(name);
  }
  options.policy = ChunkPolicy::characters;
  return options;
}

std::string chunk_policy_name(const ChunkerOptions& options) {
  if (options.policy == ChunkPolicy::characters) {
    return "characters-" + std::to_string(options.characters_max) + "-" +
           std::to_string(options.characters_overlap);
  }
  return "structure-" + std::to_string(options.tokens_max) +
         std::string(options.overlap_sentences == 0 ? no_overlap : "");
}

std::vector<Chunk> chunk_document(const StructuredText& document, const ChunkerOptions& options,
                                  const TokenCounter& counter) {
  const TokenCounter& used = counter ? counter : TokenCounter(estimate_tokens);
  auto sane = options;
  sane.tokens_max = std::clamp(sane.tokens_max, tokens_min, tokens_limit);
  sane.characters_max = std::clamp(sane.characters_max, characters_min, characters_limit);
  sane.characters_overlap = std::min(sane.characters_overlap, sane.characters_max / 2);
  if (sane.policy == ChunkPolicy::characters) return chunk_by_characters(document, sane, used);
  return chunk_by_structure(document, sane, used);
}

}  // namespace kith::text
