// rag_load FILE…: what the loaders make of files, one line of JSON each; --text prints the extracted text instead.
// For looking at a page that extracts badly, and for measuring extraction against expected texts.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "base/json_writer.h"
#include "rag/loader.h"

int main(int count, char** arguments) {
  const auto registry = kith::rag::LoaderRegistry::standard();
  bool text_only = false;
  int failures = 0;
  for (int i = 1; i < count; ++i) {
    const std::string path = arguments[i];
    if (path == "--text") {
      text_only = true;
      continue;
    }
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const auto loaded = registry->load({.bytes = bytes, .name = path, .media_type = {}});
    std::string line;
    if (text_only) {
      line = loaded ? loaded->content.text : "error: " + loaded.error().message;
    } else {
      kith::JsonWriter json(line);
      json.begin_object().field("path", path);
      if (loaded) {
        json.field("media_type", loaded->media_type).field("title", loaded->content.title);
        json.field("blocks", loaded->content.blocks.size()).field("text", loaded->content.text);
      } else {
        json.field("error", loaded.error().message);
      }
      json.end_object();
    }
    failures += loaded ? 0 : 1;
    std::printf("%s\n", line.c_str());
  }
  return failures == 0 ? 0 : 3;
}
