#include "net/router.h"

#include <gtest/gtest.h>

#include "net/http_status.h"
#include "net/request_target.h"

namespace kith::net {
namespace {

Request make_request(Method method, const std::string& target) {
  Request request;
  request.method = method;
  request.method_name = method_name(method);
  request.target = target;
  auto parsed = parse_request_target(target);
  request.path = std::move(parsed->path);
  request.query = std::move(parsed->query);
  return request;
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    add(Method::get, "/");
    add(Method::get, "/collections");
    add(Method::get, "/collections/{name}");
    add(Method::put, "/collections/{name}");
    add(Method::post, "/collections/aliases");
    add(Method::post, "/collections/{name}/points/query");
    add(Method::get, "/collections/{name}/points/{id}");
    add(Method::get, "/collections/aliases/points/special");
    router_.add(Method::get, "/livez", [](Request&) { return Response::text("ok"); }, Router::Run::quick);
  }
  void add(Method method, std::string pattern) {
    router_.add(method, pattern, [pattern](Request& request) {
      std::string said = pattern;
      for (const auto& [name, value] : request.path_parameters) said += " " + name + "=" + value;
      return Response::text(said);
    });
  }
  Response go(Method method, const std::string& target) {
    request_ = make_request(method, target);
    return router_.dispatch(request_);
  }
  Router router_;
  Request request_;
};

TEST_F(RouterTest, FindsTheRoute) {
  EXPECT_EQ(go(Method::get, "/").body, "/");
  EXPECT_EQ(go(Method::get, "/collections/").body, "/collections");
  EXPECT_EQ(go(Method::get, "/collections/a%20b").body, "/collections/{name} name=a b");
  EXPECT_EQ(request_.route, "/collections/{name}");
  EXPECT_EQ(request_.path_parameter("name"), "a b");
  EXPECT_EQ(go(Method::put, "/collections/x?timeout=3").body, "/collections/{name} name=x");
  EXPECT_EQ(go(Method::get, "/collections/c/points/7").body, "/collections/{name}/points/{id} name=c id=7");
  EXPECT_EQ(go(Method::head, "/collections/x").body, "/collections/{name} name=x") << "HEAD is GET's";
}

TEST_F(RouterTest, LiteralsWinButDoNotHideNames) {
  EXPECT_EQ(go(Method::post, "/collections/aliases").body, "/collections/aliases");
  // /collections/aliases exists for POST only: GET belongs to the collection of that name.
  EXPECT_EQ(go(Method::get, "/collections/aliases").body, "/collections/{name} name=aliases");
  EXPECT_EQ(go(Method::get, "/collections/aliases/points/special").body,
            "/collections/aliases/points/special");
  EXPECT_EQ(go(Method::get, "/collections/aliases/points/9").body,
            "/collections/{name}/points/{id} name=aliases id=9");
}

TEST_F(RouterTest, UnknownAndWrongMethod) {
  const Response unknown = go(Method::get, "/nothing/here?x=1");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(unknown.body.find("there is no route /nothing/here\""), std::string::npos) << unknown.body;
  EXPECT_EQ(go(Method::get, "/collections//points/1").status, 404) << "a name is never empty";
  EXPECT_EQ(go(Method::get, "/collections/a/b").status, 404);

  const Response wrong = go(Method::remove, "/collections/x");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.value_or_empty("allow"), "GET, HEAD, PUT, OPTIONS");
  const Response options = go(Method::options, "/collections/x/points/query");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.value_or_empty("allow"), "POST, OPTIONS");
}

TEST_F(RouterTest, KnowsWhatIsQuick) {
  EXPECT_TRUE(router_.quick(make_request(Method::get, "/livez")));
  EXPECT_FALSE(router_.quick(make_request(Method::get, "/collections")));
  EXPECT_TRUE(router_.quick(make_request(Method::get, "/unknown")));
  EXPECT_EQ(router_.routes().size(), 9U);
  EXPECT_EQ(router_.routes()[2].pattern, "/collections/{name}");
}

TEST_F(RouterTest, LongTargetsAreCutInMessages) {
  const Response response = go(Method::get, "/" + std::string(5000, 'x'));
  EXPECT_EQ(response.status, 404);
  EXPECT_LT(response.body.size(), 400U);
}

TEST(HttpStatus, EveryErrorHasOne) {
  EXPECT_EQ(http_status(ErrorCode::invalid_argument), 400);
  EXPECT_EQ(http_status(ErrorCode::disk_full), 507);
  EXPECT_EQ(http_status(ErrorCode::overloaded), 503);
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    const int status = http_status(static_cast<ErrorCode>(code));
    EXPECT_GE(status, 400);
    EXPECT_NE(http_reason(status), "Unknown") << status;
    EXPECT_EQ(http_status(error_code_from_status(status)), status) << "a client sees the same class again";
  }
}

}  // namespace
}  // namespace kith::net
