// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/transport/{round_trippers,token_source}.go
// (v0.20.2)
#include "client/rest/transport.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/file/read_file.h"
#include "client/rest/debugging_round_tripper.h"
#include "client/rest/exec_authenticator.h"
#include "client/rest/tls_config.h"
#include "net/http/transport.h"

namespace fairway::rest {
namespace {

using net::http::Request;
using net::http::Response;
using net::http::RoundTripper;

constexpr absl::Duration kTokenPeriod = absl::Minutes(1);
constexpr absl::Duration kTokenLeeway = absl::Seconds(10);

// What all wrappers have in common: the one that they wrap.
class Wrapper : public RoundTripper {
 public:
  explicit Wrapper(std::unique_ptr<RoundTripper> rt) : rt_(std::move(rt)) {}

  Task<absl::Status> CloseIdleConnections() override {
    return rt_->CloseIdleConnections();
  }

 protected:
  const std::unique_ptr<RoundTripper> rt_;
};

class UserAgentRoundTripper final : public Wrapper {
 public:
  UserAgentRoundTripper(std::string agent, std::unique_ptr<RoundTripper> rt)
      : Wrapper(std::move(rt)), agent_(std::move(agent)) {}

  Task<absl::StatusOr<Response>> RoundTrip(Request request) override {
    if (!request.headers.Has("User-Agent")) {
      request.headers.Set("User-Agent", agent_);
    }
    return rt_->RoundTrip(std::move(request));
  }

 private:
  const std::string agent_;
};

class BasicAuthRoundTripper final : public Wrapper {
 public:
  BasicAuthRoundTripper(std::string username, std::string password,
                        std::unique_ptr<RoundTripper> rt)
      : Wrapper(std::move(rt)),
        credentials_(absl::StrCat("Basic ", absl::Base64Escape(absl::StrCat(
                                                username, ":", password)))) {}

  Task<absl::StatusOr<Response>> RoundTrip(Request request) override {
    if (!request.headers.Has("Authorization")) {
      request.headers.Set("Authorization", credentials_);
    }
    return rt_->RoundTrip(std::move(request));
  }

 private:
  const std::string credentials_;
};

class BearerAuthRoundTripper final : public Wrapper {
 public:
  BearerAuthRoundTripper(std::string token, std::string token_file,
                         std::unique_ptr<RoundTripper> rt,
                         std::function<absl::Time()> now)
      : Wrapper(std::move(rt)),
        token_(std::move(token)),
        token_file_(std::move(token_file)),
        now_(std::move(now)) {}

  // Errors: of the file, when there is no token to fall back on.
  absl::Status Refresh() {
    if (token_file_.empty() || now_() < expiry_ - kTokenLeeway) {
      return absl::OkStatus();
    }
    absl::StatusOr<std::string> read = ReadFile(token_file_);
    if (!read.ok()) return read.status();
    const std::string token(absl::StripAsciiWhitespace(*read));
    if (token.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("read empty token from file \"", token_file_, "\""));
    }
    token_ = token;
    expiry_ = now_() + kTokenPeriod;
    return absl::OkStatus();
  }

  Task<absl::StatusOr<Response>> RoundTrip(Request request) override {
    if (!request.headers.Has("Authorization")) {
      // A file that cannot be read now may come back: go on with the old one.
      Refresh().IgnoreError();
      request.headers.Set("Authorization", absl::StrCat("Bearer ", token_));
    }
    return rt_->RoundTrip(std::move(request));
  }

 private:
  std::string token_;
  const std::string token_file_;
  const std::function<absl::Time()> now_;
  absl::Time expiry_ = absl::InfinitePast();
};

// Escapes what may not stand in a header's name. Mirrors: headerKeyEscape.
std::string EscapeExtraKey(absl::string_view key) {
  constexpr char kHex[] = "0123456789ABCDEF";
  constexpr absl::string_view kLegal = "!#$&'*+-.^_`|~";
  std::string out;
  for (unsigned char c : key) {
    if (absl::ascii_isalnum(c) ||
        kLegal.find(static_cast<char>(c)) != absl::string_view::npos) {
      out.push_back(static_cast<char>(c));
    } else {
      out.push_back('%');
      out.push_back(kHex[c >> 4]);
      out.push_back(kHex[c & 15]);
    }
  }
  return out;
}

class ImpersonatingRoundTripper final : public Wrapper {
 public:
  ImpersonatingRoundTripper(ImpersonationConfig impersonate,
                            std::unique_ptr<RoundTripper> rt)
      : Wrapper(std::move(rt)), impersonate_(std::move(impersonate)) {}

  Task<absl::StatusOr<Response>> RoundTrip(Request request) override {
    // Somebody further out has already said who: leave all of it alone.
    if (!request.headers.Has("Impersonate-User")) {
      request.headers.Set("Impersonate-User", impersonate_.user_name);
      if (!impersonate_.uid.empty()) {
        request.headers.Set("Impersonate-Uid", impersonate_.uid);
      }
      for (const std::string& group : impersonate_.groups) {
        request.headers.Add("Impersonate-Group", group);
      }
      for (const auto& [key, values] : impersonate_.extra) {
        for (const std::string& value : values) {
          request.headers.Add(
              absl::StrCat("Impersonate-Extra-", EscapeExtraKey(key)), value);
        }
      }
    }
    return rt_->RoundTrip(std::move(request));
  }

 private:
  const ImpersonationConfig impersonate_;
};

}  // namespace

std::unique_ptr<RoundTripper> NewUserAgentRoundTripper(
    std::string agent, std::unique_ptr<RoundTripper> rt) {
  return std::make_unique<UserAgentRoundTripper>(std::move(agent),
                                                 std::move(rt));
}

std::unique_ptr<RoundTripper> NewBasicAuthRoundTripper(
    std::string username, std::string password,
    std::unique_ptr<RoundTripper> rt) {
  return std::make_unique<BasicAuthRoundTripper>(
      std::move(username), std::move(password), std::move(rt));
}

std::unique_ptr<RoundTripper> NewImpersonatingRoundTripper(
    ImpersonationConfig impersonate, std::unique_ptr<RoundTripper> rt) {
  return std::make_unique<ImpersonatingRoundTripper>(std::move(impersonate),
                                                     std::move(rt));
}

absl::StatusOr<std::unique_ptr<RoundTripper>>
NewBearerAuthWithRefreshRoundTripper(std::string bearer_token,
                                     std::string token_file,
                                     std::unique_ptr<RoundTripper> rt,
                                     std::function<absl::Time()> now) {
  if (now == nullptr) now = absl::Now;
  const bool has_token = !bearer_token.empty();
  auto wrapped = std::make_unique<BearerAuthRoundTripper>(
      std::move(bearer_token), std::move(token_file), std::move(rt),
      std::move(now));
  absl::Status first = wrapped->Refresh();
  if (!first.ok() && !has_token) return first;
  return wrapped;
}

absl::StatusOr<std::unique_ptr<RoundTripper>> HTTPWrappersForConfig(
    const Config& config, std::unique_ptr<RoundTripper> rt) {
  if (config.wrap_transport != nullptr) {
    rt = config.wrap_transport(std::move(rt));
  }
  if (config.UsesExec()) {
    rt = NewExecRoundTripper(config.exec_provider, std::move(rt));
  }
  rt = DebugWrappers(config.log, std::move(rt));
  if (config.HasBasicAuth() && config.HasTokenAuth()) {
    return absl::InvalidArgumentError(
        "username/password or bearer token may be set, but not both");
  }
  if (config.HasTokenAuth()) {
    absl::StatusOr<std::unique_ptr<RoundTripper>> bearer =
        NewBearerAuthWithRefreshRoundTripper(
            config.bearer_token, config.bearer_token_file, std::move(rt));
    if (!bearer.ok()) return bearer.status();
    rt = *std::move(bearer);
  } else if (config.HasBasicAuth()) {
    rt = NewBasicAuthRoundTripper(config.username, config.password,
                                  std::move(rt));
  }
  if (!config.user_agent.empty()) {
    rt = NewUserAgentRoundTripper(config.user_agent, std::move(rt));
  }
  if (!config.impersonate.user_name.empty() ||
      !config.impersonate.uid.empty() || !config.impersonate.groups.empty() ||
      !config.impersonate.extra.empty()) {
    rt = NewImpersonatingRoundTripper(config.impersonate, std::move(rt));
  }
  return rt;
}

absl::StatusOr<std::unique_ptr<RoundTripper>> TransportFor(
    Executor executor, const Config& config) {
  absl::StatusOr<net::http::DialOptions> options = DialOptionsFor(config);
  if (!options.ok()) return options.status();
  return HTTPWrappersForConfig(
      config, net::http::NewTransport(executor, *std::move(options)));
}

}  // namespace fairway::rest
