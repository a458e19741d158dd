// SPDX-License-Identifier: Apache-2.0
#include "net/http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "base/status/testing/status_matchers.h"

namespace fairway::net::http {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

struct UrlCase {
  std::string name;
  std::string text;
  Url want;
};
void PrintTo(const UrlCase& c, std::ostream* out) { *out << c.name; }

class ParseUrlTest : public ::testing::TestWithParam<UrlCase> {};

TEST_P(ParseUrlTest, GivesThePartsAndWritesThemBack) {
  absl::StatusOr<Url> url = ParseUrl(GetParam().text);
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->scheme, GetParam().want.scheme);
  EXPECT_EQ(url->user, GetParam().want.user);
  EXPECT_EQ(url->password, GetParam().want.password);
  EXPECT_EQ(url->host, GetParam().want.host);
  EXPECT_EQ(url->port, GetParam().want.port);
  EXPECT_EQ(url->path, GetParam().want.path);
  EXPECT_EQ(url->raw_query, GetParam().want.raw_query);
  EXPECT_EQ(url->ToString(), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    All, ParseUrlTest,
    ::testing::Values(
        UrlCase{
            "Whole",
            "https://u:p%20w@example.com:6443/a/b%2Fc?x=1&y",
            {"https", "u", "p w", "example.com", "6443", "/a/b%2Fc", "x=1&y"}},
        UrlCase{"HostOnly", "http://h", {"http", "", "", "h", "", "", ""}},
        UrlCase{"Ipv6",
                "https://[::1]:80/",
                {"https", "", "", "::1", "80", "/", ""}},
        UrlCase{"Ipv6WithoutPort",
                "https://[fe80::1]/p",
                {"https", "", "", "fe80::1", "", "/p", ""}},
        UrlCase{"SchemeRelative", "//h:1/p", {"", "", "", "h", "1", "/p", ""}},
        UrlCase{"Path", "/p/q?r", {"", "", "", "", "", "/p/q", "r"}},
        UrlCase{"Relative", "p?q=a:b", {"", "", "", "", "", "p", "q=a:b"}},
        UrlCase{"QueryOnly", "?q", {"", "", "", "", "", "", "q"}},
        UrlCase{"ColonLaterInPath",
                "/a:b/c:d",
                {"", "", "", "", "", "/a:b/c:d", ""}}),
    [](const auto& info) { return info.param.name; });

TEST(ParseUrlTest, LowersTheSchemeAndDropsTheFragment) {
  absl::StatusOr<Url> url = ParseUrl("HTTP://Host/p#frag?x");
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->ToString(), "http://Host/p");
}

TEST(ParseUrlTest, RefusesWhatGoRefuses) {
  const std::pair<std::string, std::string> cases[] = {
      {"http://[::1", "missing ']' in host"},
      {"http://h:99999/", "invalid port \":99999\" after host"},
      {"http://h:8a/", "invalid port \":8a\" after host"},
      {"http://[::1]x/", "invalid port \"x\" after host"},
      {"http://a b/", "invalid character in host name"},
      {"http://h/%zz", "invalid URL escape \"%zz\""},
      {"http://%41/", "invalid URL escape \"%41\""},
      {"http://h%25x/", "invalid URL escape \"%25\""},
      {"http://h/%2", "invalid URL escape \"%2\""},
      {"http://h/\r\nX: y", "invalid control character in URL"},
      {":80", "missing protocol scheme"},
      {"1a:b", "first path segment in URL cannot contain colon"},
      {"mailto:x", "opaque URLs are not supported"},
  };
  for (const auto& [text, want] : cases) {
    EXPECT_THAT(ParseUrl(text),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(want)))
        << text;
  }
}

TEST(UrlTest, GivesWhatARequestNeeds) {
  Url url = *ParseUrl("https://[::1]?a");
  EXPECT_EQ(url.EffectivePort(), 443);
  EXPECT_EQ(url.HostPort(), "[::1]");
  EXPECT_EQ(url.RequestTarget(), "/?a");
  EXPECT_EQ(ParseUrl("http://h")->EffectivePort(), 80);
  EXPECT_EQ(ParseUrl("http://h:8080/x")->EffectivePort(), 8080);
  EXPECT_EQ(ParseUrl("//h")->EffectivePort(), 0);
}

TEST(ResolveReferenceTest, FollowsRfc3986) {
  const Url base = *ParseUrl("http://a:1/b/c/d?q");
  const std::pair<std::string, std::string> cases[] = {
      {"https://x/y", "https://x/y"},
      {"//x:2/y", "http://x:2/y"},
      {"//127.0.0.1:9/cri/portforward/T",
       "http://127.0.0.1:9/cri/portforward/T"},
      {"/cri/portforward/T", "http://a:1/cri/portforward/T"},
      {"g", "http://a:1/b/c/g"},
      {"./g?y", "http://a:1/b/c/g?y"},
      {"../g", "http://a:1/b/g"},
      {"../../../g", "http://a:1/g"},
      {"..", "http://a:1/b/"},
      {".", "http://a:1/b/c/"},
      {"/a/./b/../c", "http://a:1/a/c"},
      {"?y", "http://a:1/b/c/d?y"},
      {"", "http://a:1/b/c/d?q"},
  };
  for (const auto& [reference, want] : cases) {
    EXPECT_EQ(ResolveReference(base, *ParseUrl(reference)).ToString(), want)
        << reference;
  }
  EXPECT_EQ(ResolveReference(*ParseUrl("http://a"), *ParseUrl("g")).ToString(),
            "http://a/g");
}

TEST(QueryTest, ReadsAndWritesAsGo) {
  absl::StatusOr<Query> query = ParseQuery("b=2&a=x+y%26&b=1&flag&=v");
  ASSERT_THAT(query, IsOk());
  EXPECT_THAT(*query,
              ElementsAre(Pair("b", "2"), Pair("a", "x y&"), Pair("b", "1"),
                          Pair("flag", ""), Pair("", "v")));
  EXPECT_EQ(QueryValue(*query, "b"), "2");
  EXPECT_EQ(QueryValue(*query, "none"), "");
  EXPECT_EQ(EncodeQuery(*query), "=v&a=x+y%26&b=2&b=1&flag=");
  EXPECT_EQ(EncodeQuery({{"labelSelector", "a in (b,c)/\xc3\xa9~"}}),
            "labelSelector=a+in+%28b%2Cc%29%2F%C3%A9~");
  EXPECT_THAT(ParseQuery("a=%f"), StatusIs(StatusCode::kInvalidArgument));
}

TEST(PathTest, EscapesAndSplits) {
  EXPECT_EQ(PathEscape("a/b c:d@e%"), "a%2Fb%20c:d@e%25");
  EXPECT_THAT(*PathUnescape("a%2Fb+c"), "a/b+c");
  EXPECT_THAT(*SplitPath("/api/v1/a%2Fb//c/"),
              ElementsAre("api", "v1", "a/b", "", "c"));
  EXPECT_TRUE(SplitPath("/")->empty());
  EXPECT_TRUE(SplitPath("")->empty());
  EXPECT_THAT(SplitPath("/%"), StatusIs(StatusCode::kInvalidArgument));
}

TEST(UrlTest, PathOfTwoSlashesIsNoHost) {
  Url url;
  url.path = "//evil/p";
  EXPECT_EQ(url.ToString(), "////evil/p");
  absl::StatusOr<Url> again = ParseUrl(url.ToString());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->host, "");
  EXPECT_EQ(again->path, "//evil/p");
}

}  // namespace
}  // namespace fairway::net::http
