// A server that only says hello, as a target for load generators:
//   net_http_bench [PORT] [WORKERS]     then:  wrk -t1 -c32 -d10s --latency http://127.0.0.1:PORT/hello
// /hello goes through the worker pool, /quick is answered on the io thread. Ends on SIGINT or SIGTERM.
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "net/http_server.h"

int main(int argc, char** argv) {
  using namespace kith::net;
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  Router router;
  router.add(Method::get, "/hello", [](Request&) { return Response::text("hello"); });
  router.add(Method::get, "/quick", [](Request&) { return Response::text("hello"); }, Router::Run::quick);
  HttpServerOptions options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  options.worker_threads = static_cast<std::size_t>(argc > 2 ? std::atoi(argv[2]) : 1);
  HttpHooks hooks;
  hooks.handle = [&router](Request& request) { return router.dispatch(request); };
  hooks.quick = [&router](const Request& request) { return router.quick(request); };
  const auto server = HttpServer::start(std::move(options), std::move(hooks));
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  std::printf("%s\n", (*server)->url().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ending, &signal);
  return 0;
}
