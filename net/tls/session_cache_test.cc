// SPDX-License-Identifier: Apache-2.0
#include "net/tls/session_cache.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace fairway::net {
namespace {

class SessionCacheTest : public ::testing::Test {
 protected:
  SSL_SESSION* PutNew(const std::string& name) {
    bssl::UniquePtr<SSL_SESSION> session(SSL_SESSION_new(ctx_.get()));
    SSL_SESSION* raw = session.get();
    cache_.Put(name, std::move(session));
    return raw;
  }

  bssl::UniquePtr<SSL_CTX> ctx_{SSL_CTX_new(TLS_with_buffers_method())};
  SessionCache cache_;
};

TEST_F(SessionCacheTest, GivesEachOnceAndToItsName) {
  SSL_SESSION* a = PutNew("a");
  SSL_SESSION* b = PutNew("b");
  EXPECT_EQ(cache_.Take("c"), nullptr);
  EXPECT_EQ(cache_.Take("a").get(), a);
  EXPECT_EQ(cache_.Take("a"), nullptr);
  EXPECT_EQ(cache_.Take("b").get(), b);
  EXPECT_EQ(cache_.Take("b"), nullptr);
}

TEST_F(SessionCacheTest, HasAnEnd) {
  for (int i = 0; i < 1000; ++i) PutNew(absl::StrCat("name", i));
  int kept = 0;
  for (int i = 0; i < 1000; ++i) {
    if (cache_.Take(absl::StrCat("name", i)) != nullptr) ++kept;
  }
  EXPECT_GT(kept, 16);
  EXPECT_LE(kept, 64);
  // The newest of one name are among them.
  for (int i = 0; i < 10; ++i) PutNew("one");
  EXPECT_NE(cache_.Take("one"), nullptr);
}

TEST_F(SessionCacheTest, ThreadsShareIt) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 2000; ++i) {
        PutNew(absl::StrCat("name", i % 3));
        (void)cache_.Take(absl::StrCat("name", (i + 1) % 3));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace fairway::net
