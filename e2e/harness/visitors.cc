// SPDX-License-Identifier: Apache-2.0
#include "e2e/harness/visitors.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "e2e/harness/process.h"

namespace fairway::e2e {
namespace {

constexpr size_t kIdentityBytes = 16;
constexpr size_t kAnswerBytes = 32;
constexpr int kLookUpMilliseconds = 50;
constexpr int kPauseMilliseconds = 20;

Visit::Time Now() { return std::chrono::steady_clock::now(); }

int Connect(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) !=
      0) {
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

std::string Record(const std::string& tag, uint32_t number) {
  char digits[9];
  std::snprintf(digits, sizeof(digits), "%08x", number);
  return tag + digits;
}

}  // namespace

Visitors::Visitors(const VisitorOptions& options) : options_(options) {
  for (int i = 0; i < options.steady; ++i) Start(Manner::kSteady, 1);
  for (int i = 0; i < options.bulk; ++i) Start(Manner::kSteady, 1024);
  for (int i = 0; i < options.fresh; ++i) Start(Manner::kFresh, 1);
}

Visitors::~Visitors() { Stop(); }

std::vector<Visit> Visitors::Stop() {
  stopping_ = true;
  std::vector<Visit> visits;
  for (const auto& visitor : visitors_) {
    visitor->thread.join();
    visits.insert(visits.end(), visitor->visits.begin(), visitor->visits.end());
  }
  visitors_.clear();
  std::sort(visits.begin(), visits.end(),
            [](const Visit& a, const Visit& b) { return a.opened < b.opened; });
  return visits;
}

void Visitors::Start(Manner manner, size_t records) {
  visitors_.push_back(std::make_unique<Visitor>());
  Visitor& visitor = *visitors_.back();
  visitor.manner = manner;
  visitor.records = records;
  visitor.thread = std::thread([this, &visitor] { Run(visitor); });
}

void Visitors::AddIdle(int count) {
  idle_ += count;
  for (int i = 0; i < count; ++i) Start(Manner::kIdle, 1);
}

bool Visitors::IdleAreAnswered(Seconds timeout) const {
  return Eventually(timeout, [this] { return answered_idle_ == idle_; });
}

void Visitors::Run(Visitor& visitor) {
  do {
    char tag[9];
    std::snprintf(tag, sizeof(tag), "%.2s%06u", options_.prefix.c_str(),
                  tags_++ % 1000000);
    visitor.visits.emplace_back();
    visitor.visits.back().tag = tag;
    visitor.visits.back().opened = Now();
    Stay(visitor, visitor.visits.back());
    NapMilliseconds(kPauseMilliseconds);
  } while (visitor.manner != Manner::kIdle && !stopping_);
}

void Visitors::Stay(const Visitor& visitor, Visit& visit) {
  const int fd = Connect(options_.port);
  if (fd < 0) {
    visit.ended = Now();
    visit.how = std::strerror(errno);
    return;
  }
  uint32_t number = 0;
  bool goes_on = Exchange(fd, visitor.records, visit, number);
  while (goes_on && visitor.manner == Manner::kSteady && !stopping_) {
    goes_on = Exchange(fd, visitor.records, visit, number);
  }
  if (goes_on) {
    if (visitor.manner == Manner::kIdle) {
      ++answered_idle_;
    } else {
      shutdown(fd, SHUT_WR);
    }
    // Nothing is to come but the end.
    if (!ReceiveAnswer(fd, 1, visit).empty()) {
      visit.wrong = "a byte nobody asked for";
    }
    visit.whole = visitor.manner != Manner::kIdle && visit.how == "FIN";
  }
  close(fd);
}

bool Visitors::Exchange(int fd, size_t records, Visit& visit,
                        uint32_t& number) {
  std::string sent;
  for (size_t i = 0; i < records; ++i) sent += Record(visit.tag, number + i);
  for (size_t at = 0; at < sent.size();) {
    const ssize_t n =
        send(fd, sent.data() + at, sent.size() - at, MSG_NOSIGNAL);
    if (n <= 0) {
      visit.ended = Now();
      visit.how = std::strerror(errno);
      return false;
    }
    at += n;
  }
  const std::string answer = ReceiveAnswer(fd, records * kAnswerBytes, visit);
  if (answer.size() < kIdentityBytes) return false;
  if (visit.identity.empty()) visit.identity = answer.substr(0, kIdentityBytes);
  std::string wanted;
  for (size_t i = 0; i < records; ++i) {
    wanted += visit.identity + Record(visit.tag, number + i);
  }
  number += records;
  if (answer == wanted) return true;
  if (answer != wanted.substr(0, answer.size())) {
    visit.wrong = "other answers than " + visit.identity + "'s";
  }
  return false;
}

std::string Visitors::ReceiveAnswer(int fd, size_t bytes, Visit& visit) {
  std::string answer(bytes, '\0');
  size_t at = 0;
  while (at < bytes) {
    pollfd ready = {fd, POLLIN, 0};
    if (poll(&ready, 1, kLookUpMilliseconds) == 0) {
      if (stopping_) break;
      continue;
    }
    const ssize_t n = recv(fd, answer.data() + at, bytes - at, 0);
    if (n <= 0) {
      visit.ended = Now();
      visit.how = n == 0 ? "FIN" : std::strerror(errno);
      break;
    }
    if (!visit.answered) visit.answered = Now();
    at += n;
  }
  answer.resize(at);
  return answer;
}

std::map<std::string, WitnessRecord> ReadWitnessRecords(
    const std::string& folder) {
  std::map<std::string, WitnessRecord> records;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    WitnessRecord& record = records[file.path().filename()];
    std::istringstream lines(ReadFile(file.path()));
    std::getline(lines, record.host);
    for (std::string line; std::getline(lines, line);) {
      (line.rfind("WRONG", 0) == 0 ? record.wrongs : record.tags)
          .push_back(line);
    }
  }
  return records;
}

std::vector<std::string> Misled(
    const std::vector<Visit>& visits, const std::string& prefix,
    const std::string& host,
    const std::map<std::string, WitnessRecord>& records) {
  std::vector<std::string> misled;
  std::map<std::string, std::string> seen_by;  // a tag's process
  for (const auto& [identity, record] : records) {
    for (const std::string& wrong : record.wrongs) {
      misled.push_back(record.host + " " + identity + ": " + wrong);
    }
    for (const std::string& tag : record.tags) {
      if (tag.rfind(prefix, 0) != 0) continue;
      if (record.host.rfind(host, 0) != 0) {
        misled.push_back(tag + " at " + record.host);
      }
      if (!seen_by.emplace(tag, identity).second) {
        misled.push_back(tag + " at two: " + identity + " and " + seen_by[tag]);
      }
    }
  }
  for (const Visit& visit : visits) {
    if (!visit.wrong.empty()) misled.push_back(visit.tag + ": " + visit.wrong);
    const auto seen = seen_by.find(visit.tag);
    const std::string at = seen == seen_by.end() ? "" : seen->second;
    // An answer may have been lost, or not be there yet.
    if (!visit.identity.empty() && visit.identity != at) {
      misled.push_back(visit.tag + " was answered by " + visit.identity +
                       ", arrived at " + at);
    }
    if (seen != seen_by.end()) seen_by.erase(seen);
  }
  for (const auto& [tag, identity] : seen_by) {
    misled.push_back(tag + " at " + identity + ": nobody sent that");
  }
  return misled;
}

}  // namespace fairway::e2e
