#include "cli/completion.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>

namespace kith::cli {
namespace {

// "" → words after `kith`, "models" → words after `kith models`, …
using Words = std::map<std::string, std::vector<std::string>>;

void collect(const CLI::App& app, const std::string& path, Words& out) {
  auto& words = out[path];
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(sub->get_name());
    collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), out);
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) words.push_back("--" + name);
  }
}

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

std::string bash(const Words& words) {
  std::string cases;
  for (const auto& [path, list] : words)
    cases += fmt::format("    \"{}\") words=\"{}\" ;;\n", path, joined(list));
  return "_kith() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" path=\"\" word words=\"\" i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=\"${COMP_WORDS[i]}\"\n"
         "    case \" " +
         joined(words.at("")) +
         " list create show delete pull verify bench check explain schema \" in\n"
         "      *\" $word \"*) [[ $word == -* ]] || path=\"${path:+$path }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\") $(compgen -f -- \"$current\"))\n"
         "}\n"
         "complete -o filenames -F _kith kith\n";
}

std::string fish(const Words& words) {
  std::string out = "complete -c kith -f\n";
  for (const auto& [path, list] : words) {
    const std::string condition =
        path.empty() ? "__fish_use_subcommand" : fmt::format("__fish_seen_subcommand_from {}", path);
    for (const auto& word : list) {
      out += word.starts_with("--")
                 ? fmt::format("complete -c kith -n '{}' -l {}\n", condition, word.substr(2))
                 : fmt::format("complete -c kith -n '{}' -a {}\n", condition, word);
    }
  }
  return out + "complete -c kith -n '__fish_seen_subcommand_from ingest' -F\n";
}

}  // namespace

Result<std::string> completion_script(const CLI::App& app, const std::string& shell) {
  Words words;
  collect(app, "", words);
  if (shell == "bash") return bash(words);
  // zsh runs bash's completions.
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + bash(words);
  if (shell == "fish") return fish(words);
  return failure(ErrorCode::invalid_argument,
                 "completion for '" + shell + "' is not there; use bash, zsh or fish");
}

}  // namespace kith::cli
