// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/plugin/pkg/client/auth/exec/exec_test.go (v0.22)
#include "client/rest/exec_authenticator.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/tls/certs.h"

namespace fairway::rest {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kV1[] = "client.authentication.k8s.io/v1";
constexpr char kV1Beta1[] = "client.authentication.k8s.io/v1beta1";

using CredentialsOr = absl::StatusOr<std::shared_ptr<const ExecCredentials>>;

// A folder with a little program in it, which notes each run.
class ExecAuthenticatorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    config_.command = folder_ + "/login";
    config_.api_version = kV1;
    config_.interactive_mode = "Never";
    environment_.now = [this] { return now_; };
    environment_.stdin_is_terminal = [this] { return terminal_; };
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // The program, whose runs are counted; `script` is sh's.
  void Program(const std::string& script) {
    std::ofstream(config_.command)
        << "#!/bin/sh\necho run >> " << folder_ << "/runs\n"
        << script << "\n";
    std::filesystem::permissions(config_.command,
                                 std::filesystem::perms::owner_all);
  }
  // One that writes a credential with this status.
  void Says(const std::string& status) {
    std::ofstream(folder_ + "/answer")
        << "{\"kind\":\"ExecCredential\",\"apiVersion\":\""
        << config_.api_version << "\",\"status\":" << status << "}";
    Program("cat " + folder_ + "/answer");
  }
  std::string Written(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  size_t runs() const { return Written("runs").size() / 4; }

  std::shared_ptr<ExecAuthenticator> Make() {
    absl::StatusOr<std::shared_ptr<ExecAuthenticator>> made =
        ExecAuthenticator::New(config_, cluster_, environment_);
    EXPECT_THAT(made, IsOk());
    return made.value_or(nullptr);
  }
  static CredentialsOr Get(std::shared_ptr<ExecAuthenticator> exec) {
    CredentialsOr got = absl::UnknownError("not run");
    absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
      got = co_await exec->GetCreds();
      co_return absl::OkStatus();
    });
    EXPECT_THAT(ran, IsOk());
    return got;
  }
  std::string Token(std::shared_ptr<ExecAuthenticator> exec) {
    CredentialsOr got = Get(std::move(exec));
    return got.ok() ? (*got)->token : got.status().ToString();
  }
  std::string Failure() {
    const CredentialsOr got = Get(Make());
    EXPECT_THAT(got, StatusIs(absl::StatusCode::kUnauthenticated));
    return std::string(got.status().message());
  }

  std::string folder_;
  ExecConfig config_;
  std::string cluster_;
  ExecAuthenticator::Environment environment_;
  absl::Time now_ = absl::FromUnixSeconds(1000);
  bool terminal_ = false;
};

TEST_F(ExecAuthenticatorTest, TokenIsTakenAndKept) {
  Says("{\"token\":\"t\"}");
  auto exec = Make();
  EXPECT_EQ(Token(exec), "t");
  now_ += absl::Hours(10000);
  EXPECT_EQ(Token(exec), "t");
  EXPECT_EQ(runs(), 1u);
}

TEST_F(ExecAuthenticatorTest, WhatHasExpiredIsAskedForAgain) {
  Says("{\"token\":\"t\",\"expirationTimestamp\":\"1970-01-01T01:00:00Z\"}");
  auto exec = Make();
  EXPECT_EQ(Token(exec), "t");
  now_ = absl::FromUnixSeconds(3600);
  EXPECT_EQ(Token(exec), "t");
  EXPECT_EQ(runs(), 1u);
  now_ += absl::Milliseconds(1);
  Says("{\"token\":\"new\"}");
  EXPECT_EQ(Token(exec), "new");
  EXPECT_EQ(Token(exec), "new");
  EXPECT_EQ(runs(), 2u);
}

TEST_F(ExecAuthenticatorTest, WhatWasRefusedIsAskedForOnce) {
  Says("{\"token\":\"t\"}");
  auto exec = Make();
  const CredentialsOr first = Get(exec);
  ASSERT_THAT(first, IsOk());
  exec->Refuse(*first);
  exec->Refuse(*first);
  const CredentialsOr second = Get(exec);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(runs(), 2u);
  // A late refusal of the first says nothing of the second.
  exec->Refuse(*first);
  EXPECT_EQ(*Get(exec), *second);
  EXPECT_EQ(runs(), 2u);
}

// Asks from `count` tasks at once; what each got.
std::vector<std::string> AtOnce(std::shared_ptr<ExecAuthenticator> exec,
                                int count) {
  std::vector<std::string> all;
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    TaskGroup group(executor);
    for (int i = 0; i < count; ++i) {
      group.Spawn([&all, exec]() -> Task<absl::Status> {
        CredentialsOr got = co_await exec->GetCreds();
        all.push_back(got.ok() ? (*got)->token
                               : std::string(got.status().message()));
        co_return absl::OkStatus();
      });
    }
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
  EXPECT_THAT(ran, IsOk());
  return all;
}

TEST_F(ExecAuthenticatorTest, ManyWhoAskAtOnceShareOneRun) {
  Says("{\"token\":\"t\"}");
  EXPECT_THAT(AtOnce(Make(), 5), ::testing::Each("t"));
  EXPECT_EQ(runs(), 1u);
}

TEST_F(ExecAuthenticatorTest, ManyWhoAskAtOnceShareAFailure) {
  Program("exit 7");
  EXPECT_THAT(AtOnce(Make(), 5),
              ::testing::Each(HasSubstr("failed with exit code 7")));
  EXPECT_EQ(runs(), 1u);
}

TEST_F(ExecAuthenticatorTest, WhoIsCancelledLeavesTheRunToTheNext) {
  // Waits for a line, which comes when nobody else does.
  const std::string line = folder_ + "/line";
  ASSERT_EQ(mkfifo(line.c_str(), 0600), 0);
  const int fd = open(line.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  Program("exec head -n 1 " + line);
  const std::string answer = absl::StrCat("{\"apiVersion\":\"", kV1,
                                          "\",\"status\":{\"token\":\"t\"}}\n");
  auto exec = Make();
  std::string token;
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    std::vector<std::unique_ptr<TaskGroup>> askers;
    for (int i = 0; i < 3; ++i) {
      askers.push_back(std::make_unique<TaskGroup>(executor));
      askers[i]->Spawn([exec]() -> Task<absl::Status> {
        CredentialsOr got = co_await exec->GetCreds();
        co_return got.status();
      });
    }
    for (const std::unique_ptr<TaskGroup>& asker : askers) {
      asker->Cancel();
      absl::Status cancelled = co_await asker->Join();
      EXPECT_THAT(cancelled, StatusIs(absl::StatusCode::kCancelled));
    }
    EXPECT_EQ(write(fd, answer.data(), answer.size()),
              static_cast<ssize_t>(answer.size()));
    CredentialsOr got = co_await exec->GetCreds();
    if (got.ok()) token = (*got)->token;
    co_return got.status();
  });
  EXPECT_THAT(ran, IsOk());
  close(fd);
  EXPECT_EQ(token, "t");
  EXPECT_EQ(runs(), 1u);
}

TEST_F(ExecAuthenticatorTest, ProgramIsToldWhatIsConfigured) {
  Program("echo \"$KUBERNETES_EXEC_INFO\" > " + folder_ +
          "/info; echo \"$OURS-$BOTH-$THEIRS\" > " + folder_ +
          "/env; echo \"$@\" > " + folder_ + "/args");
  config_.args = {"get-token", "a b"};
  config_.env = {{"BOTH", "theirs"}, {"THEIRS", "1"}};
  config_.provide_cluster_info = true;
  cluster_ = "{\"server\":\"https://h\",\"config\":{\"a\":1}}";
  setenv("OURS", "0", 1);
  setenv("BOTH", "ours", 1);
  Failure();
  EXPECT_EQ(Written("info"),
            "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":"
            "\"ExecCredential\",\"spec\":{\"cluster\":{\"config\":{\"a\":1},"
            "\"server\":\"https://h\"},\"interactive\":false}}\n");
  EXPECT_EQ(Written("env"), "0-theirs-1\n");
  EXPECT_EQ(Written("args"), "get-token a b\n");
  config_.provide_cluster_info = false;
  Failure();
  EXPECT_THAT(Written("info"), HasSubstr("\"spec\":{\"interactive\":false}}"));
}

struct InteractiveCase {
  const char* mode;
  bool terminal;
  const char* want;  // "true", "false" or an error
};

TEST_F(ExecAuthenticatorTest, StdinIsForTheInteractive) {
  const InteractiveCase cases[] = {
      {"Never", true, "false"},
      {"Never", false, "false"},
      {"IfAvailable", true, "true"},
      {"IfAvailable", false, "false"},
      {"Always", true, "true"},
      {"Always", false,
       "getting credentials: exec plugin cannot support interactive mode: "
       "standard input is not a terminal"},
  };
  std::ofstream(folder_ + "/stdin") << "typed\n";
  environment_.stdin_fd = open((folder_ + "/stdin").c_str(), O_RDONLY);
  ASSERT_GE(environment_.stdin_fd, 0);
  for (const InteractiveCase& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.mode, " ", c.terminal));
    config_.interactive_mode = c.mode;
    terminal_ = c.terminal;
    lseek(environment_.stdin_fd, 0, SEEK_SET);
    Program("read line; echo \"$line\" > " + folder_ +
            "/line; echo \"$KUBERNETES_EXEC_INFO\" > " + folder_ + "/info");
    const std::string failure = Failure();
    if (std::string(c.want).size() > 5) {
      EXPECT_EQ(failure, c.want);
      continue;
    }
    EXPECT_THAT(Written("info"),
                HasSubstr(absl::StrCat("\"interactive\":", c.want)));
    EXPECT_EQ(Written("line"),
              std::string(c.want) == "true" ? "typed\n" : "\n");
  }
  close(environment_.stdin_fd);
}

// A process of another group could not read from the terminal.
TEST_F(ExecAuthenticatorTest, ProgramRunsInOurProcessGroup) {
  Program("cut -d' ' -f5 /proc/$$/stat > " + folder_ + "/group");
  Failure();
  EXPECT_EQ(Written("group"), absl::StrCat(getpgrp(), "\n"));
}

TEST_F(ExecAuthenticatorTest, StderrIsTheUsers) {
  const std::string path = folder_ + "/stderr";
  environment_.stderr_fd = open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_GE(environment_.stderr_fd, 0);
  Program("echo please log in >&2; exit 1");
  Failure();
  close(environment_.stderr_fd);
  EXPECT_EQ(Written("stderr"), "please log in\n");
}

// What kubectl 1.20.2 says of the same output.
struct OutputCase {
  const char* output;  // VERSION stands for the version asked for
  const char* message;
};

const OutputCase kOutputs[] = {
    {"",
     "exec plugin is configured to use API version VERSION, plugin returned "
     "version client.authentication.k8s.io/__internal"},
    {"{}",
     "exec plugin is configured to use API version VERSION, plugin returned "
     "version client.authentication.k8s.io/__internal"},
    {R"({"apiVersion":"client.authentication.k8s.io/v1alpha1","status":{}})",
     "exec plugin is configured to use API version VERSION, plugin returned "
     "version client.authentication.k8s.io/v1alpha1"},
    {R"({"apiVersion":"VERSION","kind":"Foo","status":{"token":"a"}})",
     "decoding stdout: no kind \"Foo\" is registered for version \"VERSION\" "
     "in "
     "scheme \"k8s.io/client-go/plugin/pkg/client/auth/exec/exec.go:63\""},
    {R"({"apiVersion":"VERSION","kind":"ExecCredential"})",
     "exec plugin didn't return a status field"},
    {R"({"apiVersion":"VERSION","status":{}})",
     "exec plugin didn't return a token or cert/key pair"},
    {R"({"apiVersion":"VERSION","status":{"clientKeyData":"x"}})",
     "exec plugin returned only certificate or key, not both"},
    {R"({"apiVersion":"VERSION","status":
         {"clientCertificateData":"x","clientKeyData":"x"}})",
     "failed parsing client key/certificate: tls: failed to find any PEM data "
     "in certificate input"},
    {R"({"apiVersion":"VERSION","status":{"token":5}})",
     "decoding stdout: status.token: want string, got number"},
};

TEST_F(ExecAuthenticatorTest, OutputThatIsNoCredentialIsTold) {
  for (const OutputCase& c : kOutputs) {
    for (const char* version : {kV1, kV1Beta1}) {
      config_.api_version = version;
      std::ofstream(folder_ + "/answer")
          << absl::StrReplaceAll(c.output, {{"VERSION", version}});
      Program("cat " + folder_ + "/answer");
      EXPECT_EQ(Failure(), absl::StrCat("getting credentials: ",
                                        absl::StrReplaceAll(
                                            c.message, {{"VERSION", version}})))
          << c.output;
    }
  }
}

TEST_F(ExecAuthenticatorTest, WhatIsNoDocumentOrNoTimeIsTold) {
  Program("echo junk");
  EXPECT_THAT(Failure(), StartsWith("getting credentials: decoding stdout: "));
  Says("{\"token\":\"t\",\"expirationTimestamp\":\"soon\"}");
  EXPECT_THAT(Failure(),
              StartsWith("getting credentials: decoding stdout: "
                         "status.expirationTimestamp: parsing time \"soon\""));
}

TEST_F(ExecAuthenticatorTest, YamlIsTakenToo) {
  Program(std::string("echo 'apiVersion: ") + kV1 +
          "'; echo 'status: {token: t}'");
  EXPECT_EQ(Token(Make()), "t");
}

TEST_F(ExecAuthenticatorTest, ProgramThatFailsIsNamed) {
  Program("exit 3");
  EXPECT_EQ(Failure(),
            absl::StrCat("getting credentials: exec: executable ",
                         config_.command, " failed with exit code 3"));
  Program("kill -9 $$");
  EXPECT_THAT(Failure(), HasSubstr("failed with exit code -1"));
}

TEST_F(ExecAuthenticatorTest, ProgramThatIsMissingComesWithAHint) {
  config_.command = "no-such-program";
  config_.install_hint = "Get it from us.";
  EXPECT_EQ(
      Failure(),
      "getting credentials: exec: executable no-such-program not found\n\n"
      "It looks like you are trying to use a client-go credential plugin that "
      "is not installed.\n\nTo learn more about this feature, consult the "
      "documentation available at:\n      https://kubernetes.io/docs/reference/"
      "access-authn-authz/authentication/#client-go-credential-plugins\n\n"
      "Get it from us.");
  config_.command = folder_ + "/none";
  EXPECT_THAT(Failure(),
              StartsWith(absl::StrCat("getting credentials: exec: fork/exec ",
                                      config_.command,
                                      ": no such file or directory\n\n")));
  config_.command = folder_;
  EXPECT_EQ(Failure(), absl::StrCat("getting credentials: exec: fork/exec ",
                                    folder_, ": permission denied"));
}

TEST_F(ExecAuthenticatorTest, HintIsNotRepeatedForever) {
  config_.command = "no-such-program";
  auto exec = Make();
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(Token(exec), HasSubstr("It looks like"));
  }
  EXPECT_EQ(Get(exec).status().message(),
            "getting credentials: exec: executable no-such-program not found");
}

TEST_F(ExecAuthenticatorTest, ProgramWithoutASlashIsFoundInThePath) {
  Says("{\"token\":\"t\"}");
  const std::string path = std::getenv("PATH");
  setenv("PATH", absl::StrCat(folder_, ":", path).c_str(), 1);
  config_.command = "login";
  EXPECT_EQ(Token(Make()), "t");
  setenv("PATH", path.c_str(), 1);
}

TEST_F(ExecAuthenticatorTest, ProgramHasBounds) {
  environment_.timeout = absl::Milliseconds(100);
  Program("exec sleep 100");
  EXPECT_THAT(Failure(), HasSubstr("timed out after 100ms"));
  environment_.timeout = absl::Seconds(8);
  Program("yes");
  EXPECT_THAT(Failure(), HasSubstr("wrote more than 1048576 bytes"));
}

TEST_F(ExecAuthenticatorTest, CertificateIsTaken) {
  const auto authority = *net::CertificateAuthority::Make("ca");
  net::CertificateRequest request;
  request.common_name = "jane";
  const net::CertificateAndKey pair = *authority->Sign(request);
  const auto quoted = [](const std::string& pem) {
    return absl::StrReplaceAll(pem, {{"\n", "\\n"}});
  };
  Says(absl::StrCat("{\"clientCertificateData\":\"", quoted(pair.cert_pem),
                    "\",\"clientKeyData\":\"", quoted(pair.key_pem), "\"}"));
  const CredentialsOr got = Get(Make());
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ((*got)->cert_pem, pair.cert_pem);
  EXPECT_EQ((*got)->key_pem, pair.key_pem);
  const net::CertificateAndKey other = *authority->Sign(request);
  Says(absl::StrCat("{\"clientCertificateData\":\"", quoted(pair.cert_pem),
                    "\",\"clientKeyData\":\"", quoted(other.key_pem), "\"}"));
  EXPECT_EQ(Failure(),
            "getting credentials: failed parsing client key/certificate: tls: "
            "private key does not match public key");
}

TEST_F(ExecAuthenticatorTest, VersionsThatAreNotKnownAreRefused) {
  for (const char* version :
       {"", "v1", "foo/v1", "client.authentication.k8s.io/v2"}) {
    config_.api_version = version;
    EXPECT_THAT(ExecAuthenticator::New(config_, "", environment_),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         absl::StrCat("exec plugin: invalid apiVersion \"",
                                      version, "\"")));
  }
}

// What the requests of one round tripper look like.
class SpyRoundTripper final : public net::http::RoundTripper {
 public:
  struct Seen {
    std::vector<std::string> authorizations;
    int closed = 0;
    int status = 200;
  };
  explicit SpyRoundTripper(Seen* seen) : seen_(seen) {}
  Task<absl::StatusOr<net::http::Response>> RoundTrip(
      net::http::Request request) override {
    seen_->authorizations.emplace_back(request.headers.Get("Authorization"));
    net::http::Response response;
    response.status = seen_->status;
    co_return response;
  }
  Task<absl::Status> CloseIdleConnections() override {
    ++seen_->closed;
    co_return absl::OkStatus();
  }

 private:
  Seen* const seen_;
};

absl::Status Ask(net::http::RoundTripper& rt, const std::string& own = "") {
  return RunLoop([&]() -> Task<absl::Status> {
    net::http::Request request;
    if (!own.empty()) request.headers.Set("Authorization", own);
    absl::StatusOr<net::http::Response> response =
        co_await rt.RoundTrip(std::move(request));
    co_return response.status();
  });
}

TEST_F(ExecAuthenticatorTest, RequestsBearTheToken) {
  Says("{\"token\":\"t\"}");
  SpyRoundTripper::Seen seen;
  auto rt =
      NewExecRoundTripper(Make(), std::make_unique<SpyRoundTripper>(&seen));
  EXPECT_THAT(Ask(*rt, "Basic x"), IsOk());
  EXPECT_EQ(runs(), 0u);
  EXPECT_THAT(Ask(*rt), IsOk());
  EXPECT_THAT(Ask(*rt), IsOk());
  EXPECT_EQ(runs(), 1u);
  Says("{\"token\":\"new\"}");
  seen.status = 401;
  EXPECT_THAT(Ask(*rt), IsOk());
  seen.status = 200;
  EXPECT_THAT(Ask(*rt), IsOk());
  EXPECT_EQ(runs(), 2u);
  EXPECT_THAT(seen.authorizations,
              ::testing::ElementsAre("Basic x", "Bearer t", "Bearer t",
                                     "Bearer t", "Bearer new"));
  EXPECT_EQ(seen.closed, 0);
}

TEST_F(ExecAuthenticatorTest, WithoutCredentialsNothingIsSent) {
  Program("exit 1");
  SpyRoundTripper::Seen seen;
  auto rt =
      NewExecRoundTripper(Make(), std::make_unique<SpyRoundTripper>(&seen));
  EXPECT_THAT(Ask(*rt), StatusIs(absl::StatusCode::kUnauthenticated,
                                 StartsWith("getting credentials: exec: ")));
  EXPECT_TRUE(seen.authorizations.empty());
}

}  // namespace
}  // namespace fairway::rest
