// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/authentication (v0.20.2)
#include "apiserver/authentication/authenticator.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fairway::apiserver::authentication {
namespace {

constexpr char kAllAuthenticated[] = "system:authenticated";
constexpr char kAllUnauthenticated[] = "system:unauthenticated";
constexpr char kAnonymous[] = "system:anonymous";

using MaybeUser = std::optional<UserInfo>;

class X509 final : public Authenticator {
 public:
  absl::StatusOr<MaybeUser> AuthenticateRequest(
      const net::http::ServerRequest& request) const override {
    const net::PeerCertificate* certificate = request.peer_certificate;
    if (certificate == nullptr || certificate->common_name.empty()) {
      return MaybeUser();
    }
    UserInfo user;
    user.name = certificate->common_name;
    user.groups = certificate->organizations;
    return MaybeUser(std::move(user));
  }
};

// How long it takes tells nothing about where two texts differ.
bool EqualInConstantTime(absl::string_view a, absl::string_view b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |=
        static_cast<unsigned char>(a[i] ^ (b.empty() ? '\0' : b[i % b.size()]));
  }
  return difference == 0;
}

class TokenFile final : public Authenticator {
 public:
  struct Entry {
    std::string token;
    UserInfo user;
  };

  explicit TokenFile(std::vector<Entry> entries)
      : entries_(std::move(entries)) {}

  absl::StatusOr<MaybeUser> AuthenticateRequest(
      const net::http::ServerRequest& request) const override {
    const absl::string_view header =
        absl::StripAsciiWhitespace(request.headers.Get("Authorization"));
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(header, absl::MaxSplits(' ', 1));
    const absl::string_view token = absl::StripAsciiWhitespace(parts.second);
    if (!absl::EqualsIgnoreCase(parts.first, "bearer") || token.empty()) {
      return MaybeUser();
    }
    MaybeUser found;
    for (const Entry& entry : entries_) {
      if (EqualInConstantTime(token, entry.token)) found = entry.user;
    }
    if (!found) return absl::UnauthenticatedError("invalid bearer token");
    return found;
  }

 private:
  const std::vector<Entry> entries_;
};

class Anonymous final : public Authenticator {
 public:
  absl::StatusOr<MaybeUser> AuthenticateRequest(
      const net::http::ServerRequest&) const override {
    UserInfo user;
    user.name = kAnonymous;
    user.groups = {kAllUnauthenticated};
    return MaybeUser(std::move(user));
  }
};

class Union final : public Authenticator {
 public:
  explicit Union(std::vector<std::unique_ptr<Authenticator>> authenticators)
      : authenticators_(std::move(authenticators)) {}

  absl::StatusOr<MaybeUser> AuthenticateRequest(
      const net::http::ServerRequest& request) const override {
    for (const auto& authenticator : authenticators_) {
      absl::StatusOr<MaybeUser> user =
          authenticator->AuthenticateRequest(request);
      if (!user.ok()) return user;
      if (!user->has_value()) continue;
      std::vector<std::string>& groups = (*user)->groups;
      const bool anonymous = (*user)->name == kAnonymous;
      if (!anonymous && std::find(groups.begin(), groups.end(),
                                  kAllAuthenticated) == groups.end()) {
        groups.push_back(kAllAuthenticated);
      }
      return user;
    }
    return MaybeUser();
  }

 private:
  std::vector<std::unique_ptr<Authenticator>> authenticators_;
};

// One line of CSV: fields in quotes may hold commas, and "" for a quote.
absl::StatusOr<std::vector<std::string>> ParseCsvLine(absl::string_view line) {
  std::vector<std::string> fields;
  while (true) {
    line = absl::StripLeadingAsciiWhitespace(line);
    std::string field;
    if (absl::ConsumePrefix(&line, "\"")) {
      for (;;) {
        const size_t quote = line.find('"');
        if (quote == absl::string_view::npos) {
          return absl::InvalidArgumentError("extraneous or missing \"");
        }
        absl::StrAppend(&field, line.substr(0, quote));
        line.remove_prefix(quote + 1);
        if (!absl::ConsumePrefix(&line, "\"")) break;
        field += '"';
      }
    } else {
      const size_t comma = std::min(line.find(','), line.size());
      field = std::string(
          absl::StripTrailingAsciiWhitespace(line.substr(0, comma)));
      line.remove_prefix(comma);
    }
    fields.push_back(std::move(field));
    line = absl::StripLeadingAsciiWhitespace(line);
    if (line.empty()) return fields;
    if (!absl::ConsumePrefix(&line, ",")) {
      return absl::InvalidArgumentError("extraneous or missing \"");
    }
  }
}

}  // namespace

std::unique_ptr<Authenticator> NewX509() { return std::make_unique<X509>(); }

absl::StatusOr<std::unique_ptr<Authenticator>> NewTokenFile(
    const std::string& csv) {
  std::vector<TokenFile::Entry> entries;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(csv, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) continue;
    absl::StatusOr<std::vector<std::string>> fields = ParseCsvLine(line);
    if (!fields.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": ", fields.status().message()));
    }
    if (fields->size() < 3) {
      return absl::InvalidArgumentError(absl::StrCat(
          "line ", number,
          ": must have at least 3 columns (token, user name, user uid), found ",
          fields->size()));
    }
    // Upstream passes over a line with an empty token.
    if ((*fields)[0].empty()) continue;
    TokenFile::Entry entry;
    entry.token = (*fields)[0];
    entry.user.name = (*fields)[1];
    entry.user.uid = (*fields)[2];
    if (fields->size() > 3 && !(*fields)[3].empty()) {
      for (absl::string_view group : absl::StrSplit((*fields)[3], ',')) {
        entry.user.groups.push_back(
            std::string(absl::StripAsciiWhitespace(group)));
      }
    }
    entries.push_back(std::move(entry));
  }
  return std::make_unique<TokenFile>(std::move(entries));
}

std::unique_ptr<Authenticator> NewAnonymous() {
  return std::make_unique<Anonymous>();
}

std::unique_ptr<Authenticator> NewUnion(
    std::vector<std::unique_ptr<Authenticator>> authenticators) {
  return std::make_unique<Union>(std::move(authenticators));
}

}  // namespace fairway::apiserver::authentication
