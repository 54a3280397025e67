#include "net/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace kith::net {
namespace {

struct CurlDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, ListDeleter>;

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

bool initialise_curl() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

/// What a call's callbacks need; lives on the caller's stack.
struct Call {
  CURL* handle = nullptr;
  ClientResponse response;
  const std::function<bool(std::string_view)>* on_bytes = nullptr;
  const StopToken* stop = nullptr;
  std::size_t response_bytes_max = 0;
  std::size_t header_bytes = 0;
  bool too_large = false;
  bool refused = false;  // on_bytes said stop
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* user) {
  constexpr std::size_t header_bytes_max = 256 << 10;
  auto& call = *static_cast<Call*>(user);
  const std::string_view line(bytes, size * count);
  if (line.starts_with("HTTP/")) {
    call.response.headers = {};  // what came before belonged to a 100 Continue or to a proxy
    return line.size();
  }
  call.header_bytes += line.size();
  if (call.header_bytes > header_bytes_max) {
    call.too_large = true;
    return 0;
  }
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    call.response.headers.add(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return line.size();
}

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& call = *static_cast<Call*>(user);
  const std::string_view part(bytes, size * count);
  if (call.on_bytes != nullptr) {
    long status = 0;
    curl_easy_getinfo(call.handle, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300) {
      call.refused = !(*call.on_bytes)(part);
      return call.refused ? 0 : part.size();
    }
  }
  if (call.response.body.size() + part.size() > call.response_bytes_max) {
    call.too_large = true;
    return 0;
  }
  call.response.body.append(part);
  return part.size();
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return should_stop(static_cast<Call*>(user)->stop) ? 1 : 0;
}

/// Whether the URL's host is this machine itself, which no proxy can reach.
bool is_loopback(const std::string& url) {
  const std::unique_ptr<CURLU, UrlDeleter> parsed(curl_url());
  char* host = nullptr;
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return false;
  if (curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) return false;
  const std::string name(host);
  curl_free(host);
  return name == "localhost" || name == "[::1]" || name.starts_with("127.");
}

Result<CurlList> header_list(const ClientRequest& request) {
  CurlList list;
  const auto append = [&list](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return false;
    (void)list.release();
    list.reset(longer);
    return true;
  };
  for (const auto& [name, value] : request.headers.fields()) {
    if ((name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return failure(ErrorCode::invalid_argument, "header " + name + " contains a line break");
    }
    // curl's way to send a field without a value
    if (!append(value.empty() ? name + ";" : name + ": " + value)) {
      return failure(ErrorCode::overloaded, "not enough memory for an HTTP request");
    }
  }
  return list;
}

void set_method(CURL* handle, const ClientRequest& request) {
  const bool always_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (always_body || !request.body.empty()) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_limits(CURL* handle, const HttpClientOptions& options) {
  const auto stall_seconds = std::chrono::ceil<std::chrono::seconds>(options.stall_timeout).count();
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(options.request_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(stall_seconds));
  curl_easy_setopt(handle, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, options.verify_tls ? 1L : 0L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, options.verify_tls ? 2L : 0L);
  if (!options.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_file.c_str());
}

void set_callbacks(CURL* handle, Call& call) {
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &call);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &call);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &call);
}

std::unexpected<Error> describe(CURLcode code, const ClientRequest& request, const Call& call,
                                const char* detail) {
  const std::string what = *detail != '\0' ? detail : curl_easy_strerror(code);
  if (call.too_large) {
    return failure(ErrorCode::too_large, "the response of " + request.url + " is larger than " +
                                             std::to_string(call.response_bytes_max) + " bytes");
  }
  if (call.refused) return failure(ErrorCode::cancelled, "the reader of " + request.url + " stopped");
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
      if (call.stop != nullptr) {
        if (auto status = call.stop->check(); !status) return std::unexpected(status.error());
      }
      return failure(ErrorCode::cancelled, "the request to " + request.url + " was cancelled");
    case CURLE_OPERATION_TIMEDOUT:
      return failure(ErrorCode::deadline_exceeded, "no answer from " + request.url + " in time: " + what);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return failure(ErrorCode::invalid_argument, "'" + request.url + "' is not a URL that can be called (" +
                                                      what + "); use http:// or https://");
    case CURLE_OUT_OF_MEMORY:
      return failure(ErrorCode::overloaded, "not enough memory for an HTTP request");
    default:
      return failure(ErrorCode::unavailable,
                     "cannot reach " + request.url + ": " + what + "; is the server running there?");
  }
}

}  // namespace

/// Handles keep their connections, so keeping handles is keeping connections.
class HttpClient::Pool {
 public:
  explicit Pool(HttpClientOptions options) : options_(std::move(options)) {}

  Result<ClientResponse> call(const ClientRequest& request,
                              const std::function<bool(std::string_view)>* on_bytes, const StopToken* stop);

 private:
  CurlHandle acquire();
  void release(CurlHandle handle);

  HttpClientOptions options_;
  std::mutex mutex_;
  std::vector<CurlHandle> idle_;
};

CurlHandle HttpClient::Pool::acquire() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return CurlHandle(initialise_curl() ? curl_easy_init() : nullptr);
  CurlHandle handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

void HttpClient::Pool::release(CurlHandle handle) {
  curl_easy_reset(handle.get());
  const std::lock_guard lock(mutex_);
  if (idle_.size() < options_.idle_connections_max) idle_.push_back(std::move(handle));
}

Result<ClientResponse> HttpClient::Pool::call(const ClientRequest& request,
                                              const std::function<bool(std::string_view)>* on_bytes,
                                              const StopToken* stop) {
  CurlHandle handle = acquire();
  if (!handle) return failure(ErrorCode::unavailable, "the HTTP client cannot be initialised");
  auto headers = header_list(request);
  if (!headers) return std::unexpected(headers.error());
  Call call;
  call.handle = handle.get();
  call.on_bytes = on_bytes;
  call.stop = stop;
  call.response_bytes_max = options_.response_bytes_max;
  char detail[CURL_ERROR_SIZE] = "";
  set_limits(handle.get(), options_);
  set_method(handle.get(), request);
  set_callbacks(handle.get(), call);
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(handle.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers->get());
  if (is_loopback(request.url)) curl_easy_setopt(handle.get(), CURLOPT_NOPROXY, "*");
  const CURLcode code = curl_easy_perform(handle.get());
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  release(std::move(handle));
  if (code != CURLE_OK) return describe(code, request, call, detail);
  call.response.status = static_cast<int>(status);
  return std::move(call.response);
}

HttpClient::HttpClient(HttpClientOptions options) : pool_(std::make_unique<Pool>(std::move(options))) {}
HttpClient::~HttpClient() = default;

Result<ClientResponse> HttpClient::send(const ClientRequest& request, const StopToken* stop) {
  return pool_->call(request, nullptr, stop);
}

Result<ClientResponse> HttpClient::stream(const ClientRequest& request,
                                          const std::function<bool(std::string_view)>& on_bytes,
                                          const StopToken* stop) {
  return pool_->call(request, &on_bytes, stop);
}

}  // namespace kith::net
