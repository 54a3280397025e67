#include "server/access.h"

#include <gtest/gtest.h>

#include "net/request_target.h"

namespace kith::server {
namespace {

net::Request request(net::Method method, std::string_view target) {
  net::Request out;
  out.method = method;
  out.path = net::parse_request_target(target).value().path;
  return out;
}

TEST(Access, WhatOnlyReads) {
  using net::Method;
  for (const char* target :
       {"/collections/c/points", "/collections/c/points/query", "/collections/c/points/query/batch",
        "/collections/c/points/query/groups", "/collections/c/points/search",
        "/collections/c/points/search/matrix/pairs", "/collections/c/points/recommend",
        "/collections/c/points/discover/batch", "/collections/c/points/scroll", "/collections/c/points/count",
        "/collections/c/facet", "/v1/search", "/v1/answer", "/v1/embeddings"}) {
    EXPECT_TRUE(only_reads(request(Method::post, target))) << target;
    EXPECT_FALSE(only_reads(request(Method::put, target))) << target;
    EXPECT_FALSE(only_reads(request(Method::remove, target))) << target;
  }
  for (const char* target :
       {"/", "/collections", "/collections/aliases", "/collections/c", "/collections/c/points/delete",
        "/collections/c/points/payload", "/collections/c/points/payload/delete",
        "/collections/c/points/payload/clear", "/collections/c/points/vectors/delete",
        "/collections/c/points/batch", "/collections/c/snapshots", "/collections/c/index",
        "/v1/collections/c/documents", "/v1/collections/c/documents/delete", "/v1/jobs", "/cluster/recover",
        "/anything/new"}) {
    EXPECT_FALSE(only_reads(request(Method::post, target))) << target;
    EXPECT_TRUE(only_reads(request(Method::get, target))) << target;
  }
  EXPECT_FALSE(only_reads(request(Method::patch, "/collections/c")));
  EXPECT_FALSE(only_reads(request(Method::other, "/collections/c/points/query")));
}

TEST(Access, OpenRoutes) {
  for (const char* target : {"/", "/healthz", "/livez", "/readyz", "/readyz/"}) {
    EXPECT_TRUE(is_open(request(net::Method::get, target))) << target;
  }
  for (const char* target : {"/metrics", "/collections", "/v1/stats", "/readyz/more"}) {
    EXPECT_FALSE(is_open(request(net::Method::get, target))) << target;
  }
}

}  // namespace
}  // namespace kith::server
