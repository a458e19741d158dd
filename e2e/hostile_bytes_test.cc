// SPDX-License-Identifier: Apache-2.0
// Bytes that no client of ours would send, to the daemons as they run: each
// gets a clear answer or an end, and a session that was open before moves bytes
// afterwards. The kubelet redirects, so that its streaming server is in reach.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "e2e/harness/cluster.h"
#include "e2e/harness/process.h"
#include "e2e/harness/socket.h"
#include "net/socket/socket.h"
#include "net/tls/tls.h"

namespace fairway::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

constexpr uint16_t kEcho = 7001;
constexpr absl::Duration kPatience = absl::Seconds(20);

class SharedCluster : public ::testing::Environment {
 public:
  void SetUp() override {
    ClusterOptions options;
    options.redirect = true;
    cluster_ = std::make_unique<Cluster>(options);
    cluster_->CreatePod("web", {"echo:7001"});
    before_ = std::make_unique<PortForward>(*cluster_, Kubectl::kDebian, "web",
                                            std::vector<uint16_t>{kEcho});
    open_ = std::make_unique<Connection>(before_->local(kEcho));
  }

  void TearDown() override {
    Echo("at the end");
    EXPECT_TRUE(before_->running());
    EXPECT_EQ(before_->Stderr(), "");
    open_.reset();
    EXPECT_EQ(before_->Stop(), 0);
    EXPECT_EQ(cluster_->Stop(), 0);
  }

  const Cluster& cluster() const { return *cluster_; }

  // Through the connection that was there before all tests, and a new one.
  void Echo(const std::string& bytes) {
    open_->Send(bytes);
    EXPECT_EQ(open_->ReceiveExactly(bytes.size()), bytes);
    Connection another(before_->local(kEcho));
    another.Send(bytes);
    another.SendFin();
    EXPECT_EQ(another.ReceiveAll(), bytes);
  }

 private:
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<PortForward> before_;
  std::unique_ptr<Connection> open_;
};

auto* const kShared = static_cast<SharedCluster*>(
    ::testing::AddGlobalTestEnvironment(new SharedCluster()));

// What came of a conversation.
struct Heard {
  std::string text;
  bool ended = false;  // by FIN or reset, within kPatience
};

// Reads on until `until` is in `heard`, or to the end if it is empty.
Task<absl::Status> Listen(net::ByteStream& stream, std::string until,
                          Heard* heard) {
  char chunk[4096];
  while (until.empty() || heard->text.find(until) == std::string::npos) {
    absl::StatusOr<size_t> count =
        co_await stream.Read(absl::MakeSpan(chunk, sizeof(chunk)));
    if (absl::IsCancelled(count.status())) co_return count.status();
    if (!count.ok() || *count == 0) {
      heard->ended = true;
      co_return absl::OkStatus();
    }
    heard->text.append(chunk, *count);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Converse(uint16_t port, net::TlsClientConfig config,
                            std::vector<std::string> said, Heard* heard) {
  absl::StatusOr<std::shared_ptr<const net::TlsClientContext>> context =
      net::NewTlsClientContext(config);
  if (!context.ok()) co_return context.status();
  absl::StatusOr<std::unique_ptr<net::Socket>> socket =
      co_await net::DialTcp("127.0.0.1", port);
  if (!socket.ok()) co_return socket.status();
  absl::StatusOr<std::unique_ptr<net::TlsStream>> tls =
      co_await net::TlsConnect(*context, "127.0.0.1", *std::move(socket));
  if (!tls.ok()) co_return tls.status();
  net::ByteStream& stream = **tls;
  for (size_t i = 0; i < said.size() && !heard->ended; ++i) {
    absl::Status written = co_await net::WriteAll(stream, said[i]);
    // A peer that has heard enough may close before all is written.
    const bool last = i + 1 == said.size() || !written.ok();
    absl::Status listened =
        co_await Listen(stream, last ? "" : "\r\n\r\n", heard);
    if (!listened.ok()) co_return listened;
  }
  co_return absl::OkStatus();
}

// Says the pieces over TLS as the administrator, each but the first behind the
// head of an answer, and listens to the end.
Heard Say(const std::string& part, const std::vector<std::string>& said) {
  const Cluster& cluster = kShared->cluster();
  net::TlsClientConfig config;
  config.ca_pem = ReadFile(cluster.folder() + "/pki/ca.crt");
  config.cert_pem = ReadFile(cluster.folder() + "/pki/admin.crt");
  config.key_pem = ReadFile(cluster.folder() + "/pki/admin.key");
  const uint16_t port = cluster.port(part);
  Heard heard;
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    absl::Status done = co_await WithDeadline(kPatience, "conversation", [&]() {
      return Converse(port, config, said, &heard);
    });
    co_return done;
  });
  EXPECT_TRUE(status.ok()) << status << "\nheard: " << heard.text;
  return heard;
}

// The request that begins a session, for any of the three servers.
std::string Upgrade(const std::string& path,
                    const std::string& headers =
                        "X-Stream-Protocol-Version: portforward.k8s.io\r\n") {
  return "POST " + path +
         " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: Upgrade\r\n"
         "Upgrade: SPDY/3.1\r\n" +
         headers + "\r\n";
}

constexpr char kApiPath[] = "/api/v1/namespaces/default/pods/web/portforward";

// Where the kubelet sends a session to: once.
std::string CriPath() {
  const Heard heard =
      Say("kubelet", {"POST /portForward/default/web HTTP/1.1\r\nHost: x\r\n"
                      "Content-Length: 0\r\nConnection: Upgrade, close\r\n"
                      "Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: "
                      "portforward.k8s.io\r\n\r\n"});
  EXPECT_THAT(heard.text, StartsWith("HTTP/1.1 302 "));
  const size_t at = heard.text.find("/cri/");
  EXPECT_NE(at, std::string::npos) << heard.text;
  if (at == std::string::npos) return "/cri/";
  return heard.text.substr(at, heard.text.find_first_of("\r\"", at) - at);
}

struct Case {
  std::string name;
  std::string bytes;
  std::string want;  // a regular expression of the status line
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class RequestTest
    : public ::testing::TestWithParam<std::tuple<std::string, Case>> {};

TEST_P(RequestTest, IsAnsweredAndTheConnectionClosed) {
  const auto& [part, c] = GetParam();
  const Heard heard = Say(part, {c.bytes});
  EXPECT_THAT(heard.text.substr(0, heard.text.find("\r\n")),
              MatchesRegex(c.want));
  EXPECT_TRUE(heard.ended);
  kShared->Echo(c.name);
}

std::string RequestName(
    const ::testing::TestParamInfo<std::tuple<std::string, Case>>& info) {
  const auto& [part, c] = info.param;
  return (part == "kubelet" ? "Kubelet" : "ApiServer") + c.name;
}

constexpr char kBadRequest[] = "HTTP/1.1 400 Bad Request";

INSTANTIATE_TEST_SUITE_P(
    Http, RequestTest,
    ::testing::Combine(
        ::testing::Values("kube-apiserver", "kubelet"),
        ::testing::Values(
            Case{"Garbage", "\x01\x02\x03garbage\r\n\r\n", kBadRequest},
            Case{"NoVersion", "GET /healthz\r\n\r\n", kBadRequest},
            Case{"OtherVersion", "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
                 "HTTP/1.1 (400|505) .*"},
            Case{"NoHost", "GET /healthz HTTP/1.1\r\n\r\n", kBadRequest},
            Case{"HeaderWithoutColon",
                 "GET /healthz HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
                 kBadRequest},
            Case{"LengthIsNoNumber",
                 "POST /healthz HTTP/1.1\r\nHost: x\r\n"
                 "Content-Length: -1\r\n\r\n",
                 kBadRequest},
            Case{"TwoLengths",
                 "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                 "Content-Length: 2\r\n\r\nab",
                 kBadRequest},
            Case{"LargeHeader",
                 "GET /healthz HTTP/1.1\r\nHost: x\r\nX: " +
                     std::string(2 << 20, 'a') + "\r\n\r\n",
                 "HTTP/1.1 431 Request Header Fields Too Large"},
            Case{"LongPath",
                 "GET /" + std::string(2 << 20, 'a') +
                     " HTTP/1.1\r\nHost: x\r\n\r\n",
                 "HTTP/1.1 (414|431) .*"})),
    RequestName);

class RawTest : public ::testing::TestWithParam<std::string> {};

TEST_P(RawTest, PlainHttpIsToldThatThisIsHttps) {
  Connection raw(kShared->cluster().port(GetParam()));
  raw.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(raw.ReceiveAll(),
            "HTTP/1.0 400 Bad Request\r\n\r\n"
            "Client sent an HTTP request to an HTTPS server.\n");
  kShared->Echo("plain");
}

TEST_P(RawTest, WhatIsNoTlsEnds) {
  Connection raw(kShared->cluster().port(GetParam()));
  raw.Send(RandomBytes(3000, 7));
  try {
    // At most an alert.
    EXPECT_LE(raw.ReceiveAll().size(), 16u);
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("reset"));
  }
  kShared->Echo("random");
}

INSTANTIATE_TEST_SUITE_P(Daemons, RawTest,
                         ::testing::Values("kube-apiserver", "kubelet"),
                         [](const auto& info) {
                           return std::string(info.param == "kubelet"
                                                  ? "Kubelet"
                                                  : "ApiServer");
                         });

// A SPDY frame: a control frame of `type`, or, with type 0, DATA.
std::string Frame(int type, const std::string& payload, int version = 3) {
  const size_t size = payload.size();
  std::string frame = {static_cast<char>(0x80),
                       static_cast<char>(version),
                       0,
                       static_cast<char>(type),
                       0,
                       static_cast<char>(size >> 16),
                       static_cast<char>(size >> 8),
                       static_cast<char>(size)};
  return frame + payload;
}

const std::string kStreamOne("\0\0\0\1\0\0\0\0\0\0", 10);

struct Frames {
  std::string name;
  std::string bytes;
};

void PrintTo(const Frames& f, std::ostream* out) { *out << f.name; }

class FramesTest
    : public ::testing::TestWithParam<std::tuple<std::string, Frames>> {};

TEST_P(FramesTest, EndTheSessionThatTheyAreIn) {
  const auto& [server, frames] = GetParam();
  const bool api = server == "ApiServer";
  const std::string path = api ? std::string(kApiPath) : CriPath();
  const Heard heard =
      Say(api ? "kube-apiserver" : "kubelet", {Upgrade(path), frames.bytes});
  EXPECT_THAT(heard.text, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_TRUE(heard.ended) << "the session goes on";
  kShared->Echo(frames.name);
}

INSTANTIATE_TEST_SUITE_P(
    Spdy, FramesTest,
    ::testing::Combine(
        ::testing::Values("ApiServer", "Streaming"),
        ::testing::Values(
            // Its first bit is that of a control frame.
            Frames{"Random", "\xff" + RandomBytes(5000, 11)},
            Frames{"OtherVersion", Frame(1, kStreamOne, 9)},
            Frames{"HeadersThatDoNotInflate",
                   Frame(1, kStreamOne + "this is not zlib")},
            Frames{"StreamZero",
                   Frame(1, std::string("\0\0\0\0\0\0\0\0\0\0", 10))},
            Frames{"ShortSettings", Frame(4, std::string("\0\0\0\xff", 4))},
            Frames{"ShortPing", Frame(6, "\1")},
            Frames{"LongGoAway", Frame(7, std::string(100000, 'x'))})),
    [](const auto& info) {
      return std::get<0>(info.param) + std::get<1>(info.param).name;
    });

TEST(SessionTest, DataOfNoStreamIsResetAndTheSessionGoesOn) {
  const std::string data("\0\0\0\5\0\0\0\3abc", 11);
  const std::string ping = Frame(6, std::string("\0\0\0\1", 4));
  const Heard heard =
      Say("kube-apiserver",
          {Upgrade(kApiPath), data + ping + Frame(1, kStreamOne, 9)});
  // RST_STREAM of stream 5, INVALID_STREAM.
  EXPECT_THAT(heard.text,
              HasSubstr(Frame(3, std::string("\0\0\0\5\0\0\0\2", 8))));
  EXPECT_THAT(heard.text, HasSubstr(ping));
  EXPECT_TRUE(heard.ended);
  kShared->Echo("data");
}

TEST(SessionTest, UpgradesThatAreNoneAreRefused) {
  struct Refusal {
    std::string part;
    std::string request;
    std::string want;
  };
  const std::string get = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::vector<Refusal> refusals = {
      {"kube-apiserver", std::string("GET ") + kApiPath + get,
       "Upgrade request required"},
      {"kube-apiserver", Upgrade(kApiPath, "Connection: close\r\n"),
       "HTTP/1.1 400 Bad Request"},
      {"kube-apiserver",
       Upgrade(kApiPath,
               "X-Stream-Protocol-Version: nonsense\r\nConnection: close\r\n"),
       "HTTP/1.1 403 Forbidden"},
      {"kube-apiserver",
       "POST /api/v1/namespaces/default/pods/nope/portforward HTTP/1.1\r\n"
       "Host: x\r\nContent-Length: 0\r\nConnection: Upgrade, close\r\n"
       "Upgrade: SPDY/3.1\r\n\r\n",
       "pods \\\"nope\\\" not found"},
  };
  for (const Refusal& refusal : refusals) {
    const Heard heard = Say(refusal.part, {refusal.request});
    EXPECT_THAT(heard.text, HasSubstr(refusal.want));
    EXPECT_TRUE(heard.ended) << refusal.request;
    kShared->Echo("refused");
  }
}

TEST(SessionTest, TokensWorkOnce) {
  const std::string path = CriPath();
  const Heard first = Say("kubelet", {Upgrade(path), Frame(1, kStreamOne, 9)});
  EXPECT_THAT(first.text, StartsWith("HTTP/1.1 101 "));
  const std::string close =
      "X-Stream-Protocol-Version: portforward.k8s.io\r\nConnection: close\r\n";
  const Heard second = Say("kubelet", {Upgrade(path, close)});
  EXPECT_THAT(second.text, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_TRUE(second.ended);
  const Heard guessed =
      Say("kubelet", {Upgrade("/cri/portforward/AAAAAAAA", close)});
  EXPECT_THAT(guessed.text, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  kShared->Echo("token");
}

}  // namespace
}  // namespace fairway::e2e
