// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/event_log.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"

namespace fairway::cmd {
namespace {

using nlohmann::ordered_json;

// So that a line fits into PIPE_BUF, every text of it at its longest; escaped,
// one byte may become six.
constexpr size_t kMaxTextBytes = 1024;
constexpr size_t kMaxLineBytes = 4096;

std::string Text(absl::string_view text, size_t max_bytes = kMaxTextBytes) {
  return std::string(absl::StripAsciiWhitespace(text).substr(0, max_bytes));
}

std::string Dump(const ordered_json& event) {
  return event.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

void AddLocal(const portforward::LocalEnd& local, ordered_json& event) {
  if (local.unix_path.empty()) {
    event["localAddress"] = local.address;
    event["localPort"] = local.port;
  } else {
    event["unixPath"] = local.unix_path;
  }
  event["remotePort"] = local.remote_port;
}

void AddPod(const portforward::TargetPod& pod, ordered_json& event) {
  event["pod"] = pod.name;
  event["namespace"] = pod.namespace_;
  event["podUID"] = pod.uid;
}

// An event with its first fields.
ordered_json NewEvent(absl::Time time, const char* name,
                      const std::string& forward) {
  ordered_json event;
  event["time"] =
      absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", time, absl::UTCTimeZone());
  event["event"] = name;
  event["forward"] = forward;
  return event;
}

// `text_field`, if there is one, is the field that gives way when the line is
// too long.
void Write(std::ostream* out, ordered_json event,
           const char* text_field = nullptr) {
  std::string line = Dump(event);
  for (size_t bytes = kMaxTextBytes;
       line.size() >= kMaxLineBytes && text_field != nullptr && bytes > 0;) {
    bytes /= 2;
    event[text_field] = Text(event[text_field].get<std::string>(), bytes);
    line = Dump(event);
  }
  *out << line << '\n' << std::flush;
}

}  // namespace

EventLog::EventLog(std::ostream* out, std::string forward,
                   std::function<absl::Time()> now)
    : out_(out), forward_(Text(forward, 256)), now_(std::move(now)) {}

void EventLog::Listening(const portforward::LocalEnd& local) {
  ordered_json event = NewEvent(now_(), "listening", forward_);
  AddLocal(local, event);
  event["pod"] = local.pod;
  Write(out_, std::move(event));
}

void EventLog::ListenFailed(absl::string_view message) {
  ordered_json event = NewEvent(now_(), "error", forward_);
  event["message"] = Text(message);
  Write(out_, std::move(event), "message");
}

void EventLog::Connected(const portforward::TargetPod& pod) {
  ordered_json event = NewEvent(now_(), "connected", forward_);
  AddPod(pod, event);
  Write(out_, std::move(event));
}

void EventLog::Reconnecting(const portforward::TargetPod& pod,
                            absl::string_view reason) {
  ordered_json event = NewEvent(now_(), "reconnecting", forward_);
  AddPod(pod, event);
  event["reason"] = Text(reason);
  Write(out_, std::move(event), "reason");
}

void EventLog::Accepted(const portforward::ConnectionInfo& connection) {
  ordered_json event = NewEvent(now_(), "accepted", forward_);
  event["connection"] = connection.id;
  AddLocal(*connection.local, event);
  Write(out_, std::move(event));
}

void EventLog::Closed(const portforward::ConnectionInfo& connection,
                      const portforward::ConnectionSummary& summary) {
  ordered_json event = NewEvent(now_(), "closed", forward_);
  event["connection"] = connection.id;
  AddLocal(*connection.local, event);
  if (!summary.pod.empty()) event["pod"] = summary.pod;
  event["sentBytes"] = summary.sent_bytes;
  event["receivedBytes"] = summary.received_bytes;
  event["durationSeconds"] =
      static_cast<double>(absl::ToInt64Microseconds(summary.duration)) / 1e6;
  if (summary.error.empty()) {
    Write(out_, std::move(event));
    return;
  }
  event["error"] = Text(summary.error);
  Write(out_, std::move(event), "error");
}

void EventLog::Error(absl::string_view, int, absl::string_view message) {
  ListenFailed(message);
}

void EventLog::Failed(absl::string_view message) {
  ordered_json event = NewEvent(now_(), "error", forward_);
  event["message"] = Text(message);
  event["final"] = true;
  Write(out_, std::move(event), "message");
}

}  // namespace fairway::cmd
