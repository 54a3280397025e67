// Which parts of a parsed page are its content: leaves out hidden elements, navigation, headers and footers of the
// site, and lists that are mostly links, and prefers what the page itself marks as main content.
//
// Every guess is guarded: what holds most of the page's text is never thrown away for its name, and when hardly
// anything would be left (a page that is an index) the links stay.
// Thread safety: none; one loader call owns one.
#pragma once

#include <gumbo.h>

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace kith::rag {

class HtmlContent {
 public:
  /// `body` outlives this object.
  explicit HtmlContent(const GumboNode* body);

  const GumboNode* root() const { return root_; }
  bool left_out(const GumboNode* node) const { return left_out_.contains(node); }

 private:
  struct Size {
    std::size_t text = 0, links = 0, paragraphs = 0;
  };
  /// How much of what a page says about its parts is taken at its word.
  enum class Belief : std::uint8_t { names, tags, nothing };
  Size measure(const GumboNode* node, bool in_link);
  void measure_all_again(const GumboNode* body);
  void leave_out_by_role(const GumboNode* node, bool in_article);
  void leave_out_links(const GumboNode* node, std::size_t& dropped,
                       std::unordered_set<const GumboNode*>& found);
  const GumboNode* marked_main(const GumboNode* node) const;
  const GumboNode* densest() const;
  void score(const GumboNode* node, std::unordered_map<const GumboNode*, double>& scores) const;
  Size size_of(const GumboNode* node) const;

  std::unordered_map<const GumboNode*, Size> sizes_;
  std::unordered_set<const GumboNode*> left_out_;
  Belief belief_ = Belief::names;
  const GumboNode* body_;
  const GumboNode* root_;
};

/// Value of an attribute, or empty.
std::string_view html_attribute(const GumboNode* node, const char* name);
bool html_has_attribute(const GumboNode* node, const char* name);

}  // namespace kith::rag
