// SPDX-License-Identifier: Apache-2.0
// Our record layer against OpenSSL's: bulk both ways, under keys that change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/process/subprocess.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "net/socket/socket.h"
#include "net/tls/certs.h"
#include "net/tls/tls.h"

namespace fairway::net {
namespace {

constexpr size_t kBulkBytes = 400'000;
// No program prints them by itself.
constexpr char kOurs = '\1';
constexpr char kTheirs = '\2';

// `openssl s_client` or `s_server`: what is written to its terminal it sends to
// its peer, unless it is a command; what the peer sends it prints.
class OpenSsl {
 public:
  static absl::StatusOr<std::unique_ptr<OpenSsl>> Start(
      Executor executor, std::vector<std::string> arguments) {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
      return absl::InternalError("socketpair");
    }
    absl::StatusOr<std::unique_ptr<Socket>> terminal =
        AdoptSocket(executor, fds[0]);
    if (!terminal.ok()) return terminal.status();
    absl::StatusOr<std::string> path = LookPath("openssl");
    if (!path.ok()) return path.status();
    SubprocessOptions options;
    options.path = *path;
    options.argv = {"openssl"};
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    options.env = CurrentEnvironment();
    options.stdin_fd = options.stdout_fd = options.stderr_fd = fds[1];
    absl::StatusOr<std::unique_ptr<Subprocess>> program =
        Subprocess::Start(executor, options);
    ::close(fds[1]);
    if (!program.ok()) return program.status();
    return std::unique_ptr<OpenSsl>(
        new OpenSsl(executor, *std::move(terminal), *std::move(program)));
  }

  // Runs until the program's end.
  Task<absl::Status> Listen() {
    std::vector<char> buf(65536);
    while (true) {
      absl::StatusOr<size_t> n =
          co_await terminal_->Read(absl::MakeSpan(buf.data(), buf.size()));
      // A reset, too: it leaves what it was sent and did not read.
      if (!n.ok() || *n == 0) co_return absl::OkStatus();
      for (char byte : absl::MakeSpan(buf.data(), *n)) {
        if (byte == kOurs) {
          ++received_;
        } else if (byte != kTheirs) {
          said_.push_back(byte);
        }
      }
      changed_.NotifyAll();
    }
  }

  Task<absl::Status> WaitForBytes(size_t count) {
    while (received_ < count) {
      absl::Status waited = co_await changed_.Wait();
      if (!waited.ok()) co_return waited;
    }
    EXPECT_EQ(received_, count);
    co_return absl::OkStatus();
  }

  // Returns what follows `text` in what it says, to the line's end.
  Task<absl::StatusOr<std::string>> WaitForText(std::string text) {
    while (true) {
      const size_t begin = said_.find(text);
      const size_t end =
          begin == std::string::npos ? begin : said_.find('\n', begin);
      if (end != std::string::npos) {
        std::string rest =
            said_.substr(begin + text.size(), end - begin - text.size());
        said_.erase(0, end);
        co_return rest;
      }
      absl::Status waited = co_await changed_.Wait();
      if (!waited.ok()) co_return waited;
    }
  }

  Task<absl::Status> Type(std::string text) {
    absl::Status status = co_await WriteAll(*terminal_, text);
    co_return status;
  }

 private:
  OpenSsl(Executor executor, std::unique_ptr<Socket> terminal,
          std::unique_ptr<Subprocess> program)
      : terminal_(std::move(terminal)),
        program_(std::move(program)),
        changed_(executor) {}

  std::unique_ptr<Socket> terminal_;
  std::unique_ptr<Subprocess> program_;
  Condition changed_;
  size_t received_ = 0;
  std::string said_;
};

// Each end sends; then openssl changes its key, or asks us to as well. It takes
// a command that it reads apart from what is typed behind it: it has read it
// when it says `command_done`, or, where that is empty, when it has printed
// what we sent next.
Task<absl::Status> Talk(TlsStream& stream, OpenSsl& peer, TaskGroup& group,
                        std::string command_done) {
  const std::string ours(kBulkBytes, kOurs);
  const std::string theirs(kBulkBytes, kTheirs);
  const std::string commands[] = {"K\n", "k\n", "K\n", ""};
  size_t sent = 0;
  for (const std::string& command : commands) {
    absl::Status written = co_await WriteAll(stream, ours);
    FAIRWAY_CO_RETURN_IF_ERROR(written);
    sent += ours.size();
    absl::Status arrived = co_await peer.WaitForBytes(sent);
    FAIRWAY_CO_RETURN_IF_ERROR(arrived);
    group.Spawn([&]() -> Task<absl::Status> {
      absl::Status typed = co_await peer.Type(theirs);
      co_return typed;
    });
    std::string got(kBulkBytes, '\0');
    absl::Status read =
        co_await ReadFull(stream, absl::MakeSpan(got.data(), got.size()));
    FAIRWAY_CO_RETURN_IF_ERROR(read);
    EXPECT_TRUE(got == theirs);
    absl::Status typed = co_await peer.Type(command);  // nothing, at last
    FAIRWAY_CO_RETURN_IF_ERROR(typed);
    if (command.empty() || command_done.empty()) continue;
    absl::StatusOr<std::string> done = co_await peer.WaitForText(command_done);
    if (!done.ok()) co_return done.status();
  }
  absl::Status closed = co_await stream.CloseWrite();
  FAIRWAY_CO_RETURN_IF_ERROR(closed);
  char byte;
  absl::StatusOr<size_t> end = co_await stream.Read(absl::MakeSpan(&byte, 1));
  if (!end.ok()) co_return end.status();
  EXPECT_EQ(*end, 0u);
  co_return absl::OkStatus();
}

class OpenSslTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    CertificateRequest request;
    request.dns_names = {"server.test"};
    authority_ = CertificateAuthority::Make("test-ca").value();
    identity_ = authority_->Sign(request).value();
  }

  std::string WriteFile(const char* name, const std::string& text) {
    const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
    std::ofstream(path) << text;
    return path;
  }

  std::unique_ptr<CertificateAuthority> authority_;
  CertificateAndKey identity_;
};

TEST_P(OpenSslTest, IsOurServer) {
  const std::string certificate = WriteFile("cert.pem", identity_.cert_pem);
  const std::string key = WriteFile("key.pem", identity_.key_pem);
  RunTest([&](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<OpenSsl>> peer =
        OpenSsl::Start(executor, {"s_server", "-naccept", "1", "-accept",
                                  "127.0.0.1:0", "-cert", certificate, "-key",
                                  key, "-ciphersuites", GetParam()});
    if (!peer.ok()) co_return peer.status();
    TaskGroup group(executor);
    TaskGroup listening(executor);
    listening.Spawn([&]() -> Task<absl::Status> {
      absl::Status status = co_await (*peer)->Listen();
      co_return status;
    });
    absl::StatusOr<std::string> address =
        co_await (*peer)->WaitForText("ACCEPT 127.0.0.1:");
    if (!address.ok()) co_return address.status();
    int port = 0;
    if (!absl::SimpleAtoi(*address, &port)) {
      co_return absl::InternalError(*address);
    }
    absl::StatusOr<std::unique_ptr<Socket>> socket =
        co_await DialTcp("127.0.0.1", port);
    if (!socket.ok()) co_return socket.status();
    TlsClientConfig config;
    config.ca_pem = authority_->cert_pem();
    config.server_name = "server.test";
    config.bulk_after_bytes = 0;
    std::unique_ptr<ByteStream> transport = *std::move(socket);
    std::shared_ptr<const TlsClientContext> context =
        NewTlsClientContext(config).value();
    absl::StatusOr<std::unique_ptr<TlsStream>> stream =
        co_await TlsConnect(context, std::string(), std::move(transport));
    if (!stream.ok()) co_return stream.status();
    absl::Status talked = co_await Talk(**stream, **peer, group, "");
    FAIRWAY_CO_RETURN_IF_ERROR(talked);
    absl::Status closed = co_await (*stream)->Close();
    FAIRWAY_CO_RETURN_IF_ERROR(closed);
    absl::Status joined = co_await group.Join();
    FAIRWAY_CO_RETURN_IF_ERROR(joined);
    joined = co_await listening.Join();
    co_return joined;
  });
}

TEST_P(OpenSslTest, IsOurClient) {
  RunTest([&](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<Listener>> listener =
        ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    absl::StatusOr<std::unique_ptr<OpenSsl>> peer = OpenSsl::Start(
        executor, {"s_client", "-connect",
                   absl::StrCat("127.0.0.1:", (*listener)->address().port),
                   "-ciphersuites", GetParam()});
    if (!peer.ok()) co_return peer.status();
    TaskGroup group(executor);
    TaskGroup listening(executor);
    listening.Spawn([&]() -> Task<absl::Status> {
      absl::Status status = co_await (*peer)->Listen();
      co_return status;
    });
    absl::StatusOr<std::unique_ptr<Socket>> socket =
        co_await (*listener)->Accept(executor);
    if (!socket.ok()) co_return socket.status();
    TlsServerConfig config;
    config.cert_pem = identity_.cert_pem;
    config.key_pem = identity_.key_pem;
    config.bulk_after_bytes = 0;
    std::unique_ptr<ByteStream> transport = *std::move(socket);
    std::shared_ptr<const TlsServerContext> context =
        NewTlsServerContext(config).value();
    absl::StatusOr<std::unique_ptr<TlsStream>> stream =
        co_await TlsAccept(context, std::move(transport));
    if (!stream.ok()) co_return stream.status();
    absl::Status talked = co_await Talk(**stream, **peer, group, "KEYUPDATE");
    FAIRWAY_CO_RETURN_IF_ERROR(talked);
    absl::Status closed = co_await (*stream)->Close();
    FAIRWAY_CO_RETURN_IF_ERROR(closed);
    absl::Status joined = co_await group.Join();
    FAIRWAY_CO_RETURN_IF_ERROR(joined);
    joined = co_await listening.Join();
    co_return joined;
  });
}

INSTANTIATE_TEST_SUITE_P(Ciphers, OpenSslTest,
                         ::testing::Values("TLS_AES_128_GCM_SHA256",
                                           "TLS_AES_256_GCM_SHA384"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace fairway::net
