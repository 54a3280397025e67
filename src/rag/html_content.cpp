#include "rag/html_content.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string>

namespace kith::rag {
namespace {

std::span<GumboNode* const> children(const GumboNode* node) {
  if (node->type != GUMBO_NODE_ELEMENT) return {};
  const GumboVector& list = node->v.element.children;
  return {reinterpret_cast<GumboNode* const*>(list.data), list.length};
}

bool is_tag(const GumboNode* node, GumboTag tag) {
  return node->type == GUMBO_NODE_ELEMENT && node->v.element.tag == tag;
}

std::size_t visible_bytes(const char* text) {
  std::size_t count = 0;
  for (; *text != '\0'; ++text) count += static_cast<unsigned char>(*text) > ' ' ? 1 : 0;
  return count;
}

// Names that sites give to what surrounds their content; compared with whole words of class and id.
constexpr auto surrounding_words = std::to_array<std::string_view>(
    {"ad",          "ads",         "advert",      "advertisement", "breadcrumb", "breadcrumbs", "byline",
     "comment",     "comments",    "contentinfo", "cookie",        "cookies",    "disqus",      "footer",
     "masthead",    "menu",        "metadata",    "modal",         "nav",        "navbar",      "navfooter",
     "navheader",   "navigation",  "newsletter",  "noprint",       "pager",      "pagination",  "popup",
     "promo",       "recommended", "related",     "share",         "sharedaddy", "sharing",     "sidebar",
     "signup",      "skip",        "social",      "sponsor",       "sponsored",  "subscribe",   "toolbar",
     "editsection", "infobox",     "widget",      "jumplinks",     "headerlink"});
static_assert(surrounding_words.size() > 0);

bool is_surrounding_word(std::string_view word) {
  return std::find(surrounding_words.begin(), surrounding_words.end(), word) != surrounding_words.end() ||
         word.ends_with("sidebar") || word.ends_with("breadcrumbs") || word.ends_with("navbar");
}

bool names_surroundings(std::string_view names) {
  std::string word;
  for (std::size_t i = 0; i <= names.size(); ++i) {
    const char c = i < names.size() ? names[i] : ' ';
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      word.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    } else if (!word.empty()) {
      if (is_surrounding_word(word)) return true;
      word.clear();
    }
  }
  return false;
}

bool style_hides(std::string_view style) {
  std::string compact;
  for (const char c : style) {
    if (c != ' ' && c != '\t' && c != '\n') {
      compact.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    }
  }
  return compact.find("display:none") != std::string::npos ||
         compact.find("visibility:hidden") != std::string::npos;
}

bool is_hidden(const GumboNode* node) {
  return html_has_attribute(node, "hidden") || html_attribute(node, "aria-hidden") == "true" ||
         style_hides(html_attribute(node, "style"));
}

bool has_surrounding_role(const GumboNode* node) {
  const std::string_view role = html_attribute(node, "role");
  return role == "navigation" || role == "banner" || role == "contentinfo" || role == "search" ||
         role == "complementary" || role == "menu" || role == "dialog" || role == "alertdialog";
}

bool is_list_or_box(const GumboNode* node) {
  switch (node->v.element.tag) {
    case GUMBO_TAG_UL:
    case GUMBO_TAG_OL:
    case GUMBO_TAG_DL:
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_SECTION:
    case GUMBO_TAG_TR:
    case GUMBO_TAG_TD:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view html_attribute(const GumboNode* node, const char* name) {
  const GumboAttribute* attribute = gumbo_get_attribute(&node->v.element.attributes, name);
  return attribute != nullptr ? std::string_view(attribute->value) : std::string_view();
}

bool html_has_attribute(const GumboNode* node, const char* name) {
  return gumbo_get_attribute(&node->v.element.attributes, name) != nullptr;
}

HtmlContent::HtmlContent(const GumboNode* body) : body_(body), root_(body) {
  const std::size_t all = measure(body, false).text;
  // Names and attributes of a page that hides itself (shown by a script later) are not believed.
  for (const Belief belief : {Belief::names, Belief::tags, Belief::nothing}) {
    left_out_.clear();
    belief_ = belief;
    if (belief != Belief::nothing) leave_out_by_role(body, false);
    if (measure(body, false).text * 8 > all) break;
    measure_all_again(body);
  }
  if (const GumboNode* main = marked_main(body)) {
    root_ = main;
  } else if (const GumboNode* dense = densest()) {
    root_ = dense;
  }
  std::size_t dropped = 0;
  std::unordered_set<const GumboNode*> links;
  leave_out_links(root_, dropped, links);
  const std::size_t text = size_of(root_).text;
  // A page that is mostly links is an index; its links are its content.
  if (dropped * 10 <= text * 6 && text - dropped >= 200) left_out_.merge(links);
}

HtmlContent::Size HtmlContent::size_of(const GumboNode* node) const {
  const auto it = sizes_.find(node);
  return it == sizes_.end() ? Size{} : it->second;
}

HtmlContent::Size HtmlContent::measure(const GumboNode* node, bool in_link) {
  Size size;
  if (node->type == GUMBO_NODE_TEXT) {
    size.text = visible_bytes(node->v.text.text);
    if (in_link) size.links = size.text;
    return size;
  }
  if (node->type != GUMBO_NODE_ELEMENT || left_out_.contains(node)) return size;
  in_link = in_link || is_tag(node, GUMBO_TAG_A);
  for (const GumboNode* child : children(node)) {
    const Size inner = measure(child, in_link);
    size.text += inner.text;
    size.links += inner.links;
    size.paragraphs += inner.paragraphs;
  }
  if (is_tag(node, GUMBO_TAG_P) && size.text > 40) size.paragraphs += size.text;
  sizes_[node] = size;
  return size;
}

/// Sizes of everything, as if nothing were left out; the guards of the next round compare with them.
void HtmlContent::measure_all_again(const GumboNode* body) {
  left_out_.clear();
  measure(body, false);
}

void HtmlContent::leave_out_by_role(const GumboNode* node, bool in_article) {
  in_article = in_article || is_tag(node, GUMBO_TAG_ARTICLE) || is_tag(node, GUMBO_TAG_MAIN);
  const std::size_t total = size_of(body_).text;
  for (const GumboNode* child : children(node)) {
    if (child->type != GUMBO_NODE_ELEMENT) continue;
    const std::size_t text = size_of(child).text;
    const bool most = text * 2 > total;
    const GumboTag tag = child->v.element.tag;
    // An article's own header holds its title.
    const bool site_part = tag == GUMBO_TAG_NAV || tag == GUMBO_TAG_FOOTER || tag == GUMBO_TAG_ASIDE ||
                           (tag == GUMBO_TAG_HEADER && !in_article);
    const bool is_heading = tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6;
    const bool surrounds =
        site_part || (belief_ == Belief::names && has_surrounding_role(child)) ||
        (belief_ == Belief::names && !is_heading && tag != GUMBO_TAG_ARTICLE && tag != GUMBO_TAG_MAIN &&
         (names_surroundings(html_attribute(child, "class")) ||
          names_surroundings(html_attribute(child, "id"))));
    const bool hidden = belief_ == Belief::names && is_hidden(child);
    if (hidden || (surrounds && !most)) {
      left_out_.insert(child);
    } else {
      leave_out_by_role(child, in_article);
    }
  }
}

const GumboNode* HtmlContent::marked_main(const GumboNode* start) const {
  const GumboNode* best = nullptr;
  std::size_t best_rank = 0, article_text = 0;
  const auto visit = [&](const auto& self, const GumboNode* node) -> void {
    if (node->type != GUMBO_NODE_ELEMENT || left_out_.contains(node)) return;
    const std::size_t text = size_of(node).text;
    std::size_t rank = 0;
    if (is_tag(node, GUMBO_TAG_ARTICLE)) {
      rank = 1;
      article_text += text;
    }
    if (is_tag(node, GUMBO_TAG_MAIN) || html_attribute(node, "role") == "main") rank = 2;
    if (html_attribute(node, "itemprop") == "articleBody") rank = 3;
    if (rank != 0 && text >= 200 && (rank > best_rank || (rank == best_rank && text > size_of(best).text))) {
      best = node;
      best_rank = rank;
    }
    for (const GumboNode* child : children(node)) self(self, child);
  };
  visit(visit, start);
  if (best == nullptr) return nullptr;
  const std::size_t text = size_of(best).text;
  if (best_rank == 1 && text * 10 < article_text * 6) return nullptr;  // a list of articles
  // A mark that covers little of the running text is a teaser, not the main content.
  return size_of(best).paragraphs * 2 >= size_of(start).paragraphs && text * 5 >= size_of(start).text
             ? best
             : nullptr;
}

void HtmlContent::score(const GumboNode* node, std::unordered_map<const GumboNode*, double>& scores) const {
  for (const GumboNode* child : children(node)) {
    if (child->type != GUMBO_NODE_ELEMENT || left_out_.contains(child)) continue;
    const Size size = size_of(child);
    const GumboTag tag = child->v.element.tag;
    const bool passage = tag == GUMBO_TAG_P || tag == GUMBO_TAG_PRE || tag == GUMBO_TAG_BLOCKQUOTE;
    if (passage && size.text >= 25 && size.links * 2 < size.text) {
      const double weight = 1 + std::min(static_cast<double>(size.text) / 100, 6.0);
      double share = 1;
      const GumboNode* up = node;
      for (int level = 0; level < 3 && up != nullptr && up->type == GUMBO_NODE_ELEMENT;
           ++level, up = up->parent) {
        scores[up] += weight * share;
        share *= level == 0 ? 0.5 : 0.6;
        if (up == body_) break;
      }
    }
    score(child, scores);
  }
}

const GumboNode* HtmlContent::densest() const {
  std::unordered_map<const GumboNode*, double> scores;
  score(body_, scores);
  const GumboNode* best = nullptr;
  double best_score = 0;
  for (const auto& [node, raw] : scores) {
    const Size size = size_of(node);
    const double value = raw * (1 - static_cast<double>(size.links) /
                                        static_cast<double>(std::max<std::size_t>(size.text, 1)));
    // Ties go to the smaller, then the earlier element, so that the choice does not depend on addresses.
    const bool tie = value == best_score && best != nullptr;
    if (value > best_score ||
        (tie && (size.text < size_of(best).text ||
                 (size.text == size_of(best).text &&
                  node->v.element.start_pos.offset < best->v.element.start_pos.offset)))) {
      best = node;
      best_score = value;
    }
  }
  if (best == nullptr) return nullptr;
  // Climb while an ancestor adds running text that the choice lacks.
  for (const GumboNode* up = best; up != nullptr && up->type == GUMBO_NODE_ELEMENT; up = up->parent) {
    if (size_of(up).paragraphs * 10 > size_of(best).paragraphs * 11) best = up;
    if (up == body_) break;
  }
  const Size all = size_of(body_), chosen = size_of(best);
  // Unmarked pages (manuals) keep everything unless the choice clearly is the page's running text.
  return chosen.paragraphs * 10 >= all.paragraphs * 8 && chosen.text * 10 >= (all.text - all.links) * 6
             ? best
             : nullptr;
}

void HtmlContent::leave_out_links(const GumboNode* node, std::size_t& dropped,
                                  std::unordered_set<const GumboNode*>& found) {
  for (const GumboNode* child : children(node)) {
    if (child->type != GUMBO_NODE_ELEMENT || left_out_.contains(child)) continue;
    const Size size = size_of(child);
    const bool mostly_links = size.links * 10 > size.text * 7 && size.text > 0;
    if (mostly_links && is_list_or_box(child)) {
      found.insert(child);
      dropped += size.text;
    } else {
      leave_out_links(child, dropped, found);
    }
  }
}

}  // namespace kith::rag
