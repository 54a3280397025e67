// Target: where a command's work is done. The data folder itself, opened here, or a live server over HTTP; both are
// asked the same requests of api/openapi.yaml, so a command is written once.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/context.h"
#include "net/http_client.h"
#include "net/router.h"
#include "server/node.h"

namespace kith::cli {

struct Reply {
  int status = 0;
  std::string body;
};

class Target {
 public:
  /// --url, or the folder; a folder that a live server holds is asked through that server.
  static Result<std::unique_ptr<Target>> open(Context& context);

  /// An answer other than 2xx is an error with the server's own message.
  Result<Reply> send(std::string_view method, std::string_view target, std::string body = {},
                     StopToken* stop = nullptr);

  /// The node behind it; null when a server does the work.
  server::Node* node() { return node_.get(); }
  const std::string& url() const { return url_; }

 private:
  Target() = default;
  Reply send_here(std::string_view method, std::string_view target, std::string body, StopToken* stop);

  std::unique_ptr<server::Node> node_;
  std::unique_ptr<net::Router> router_;
  std::unique_ptr<net::HttpClient> client_;
  std::string url_, api_key_;
};

/// Opens the node of the data folder, with the changes that are saved in it.
Result<std::unique_ptr<server::Node>> open_node(Context& context);

}  // namespace kith::cli
