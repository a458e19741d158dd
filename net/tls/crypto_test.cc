// SPDX-License-Identifier: Apache-2.0
#include "net/tls/crypto.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace fairway::net {
namespace {

TEST(CryptoTest, DigestsAreThoseOfTheStandards) {
  EXPECT_EQ(Sha256Hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223"
            "b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""),
            "e3b0c44298fc1c149afbf4c8996fb924"
            "27ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(absl::BytesToHexString(Sha1("abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(CryptoTest, RandomBytesDiffer) {
  EXPECT_EQ(RandomBytes(0), "");
  EXPECT_EQ(RandomBytes(33).size(), 33u);
  EXPECT_NE(RandomBytes(16), RandomBytes(16));
}

}  // namespace
}  // namespace fairway::net
