// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/audit (v0.20.2)
#include "apiserver/audit/audit.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "api/json.h"
#include "apiserver/registry/rest/json_path.h"
#include "base/metrics/metrics.h"
#include "base/task/asio_status.h"
#include "base/task/loop.h"
#include "base/task/run_on.h"

namespace fairway::apiserver::audit {
namespace {

// Lines that may wait for the disk.
constexpr int kMaxPending = 10000;

Counter& Dropped() {
  static Counter* const counter =
      new Counter("apiserver_audit_error_total",
                  "Counter of audit events that failed to be audited properly. "
                  "Plugin identifies the plugin affected by the error.");
  return *counter;
}

std::string MicroTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

void SetIfAny(Json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

class LogFile final : public Sink {
 public:
  explicit LogFile(int fd)
      : fd_(std::make_shared<Descriptor>(fd)), thread_("fairway-audit") {}

  // What waits is written, if the disk takes it within a second.
  ~LogFile() override {
    for (int i = 0; i < 1000 && pending_->load() > 0; ++i) usleep(1000);
  }

  void Write(std::string line) override {
    if (pending_->fetch_add(1) >= kMaxPending) {
      pending_->fetch_sub(1);
      Dropped().Increment({{"plugin", "log"}});
      return;
    }
    line += '\n';
    Post(thread_.executor(),
         [fd = fd_, pending = pending_, line = std::move(line)] {
           WriteAll(fd->fd, line);
           pending->fetch_sub(1);
         });
  }

 private:
  struct Descriptor {
    explicit Descriptor(int descriptor) : fd(descriptor) {}
    ~Descriptor() {
      if (fd != STDOUT_FILENO) close(fd);
    }
    const int fd;
  };

  static void WriteAll(int fd, const std::string& line) {
    size_t done = 0;
    while (done < line.size()) {
      const ssize_t wrote = write(fd, line.data() + done, line.size() - done);
      if (wrote > 0) {
        done += static_cast<size_t>(wrote);
      } else if (errno != EINTR) {
        Dropped().Increment({{"plugin", "log"}});
        return;
      }
    }
  }

  std::shared_ptr<Descriptor> fd_;
  std::shared_ptr<std::atomic<int>> pending_ =
      std::make_shared<std::atomic<int>>(0);
  LoopThread thread_;
};

}  // namespace

std::string EventJson(const Event& event, absl::string_view stage,
                      absl::Time now) {
  Json json;
  json["kind"] = "Event";
  json["apiVersion"] = "audit.k8s.io/v1";
  json["level"] = "Metadata";
  json["auditID"] = event.audit_id;
  json["stage"] = std::string(stage);
  json["requestURI"] = event.request_uri;
  json["verb"] = event.verb;
  Json& user = json["user"];
  user["username"] = event.user.name;
  SetIfAny(user, "uid", event.user.uid);
  if (!event.user.groups.empty()) user["groups"] = event.user.groups;
  json["sourceIPs"].push_back(event.source_ip);
  SetIfAny(json, "userAgent", event.user_agent);
  if (!event.resource.empty()) {
    Json& ref = json["objectRef"];
    ref["resource"] = event.resource;
    SetIfAny(ref, "namespace", event.ns);
    SetIfAny(ref, "name", event.name);
    SetIfAny(ref, "apiGroup", event.api_group);
    SetIfAny(ref, "apiVersion", event.api_version);
    SetIfAny(ref, "subresource", event.subresource);
  }
  if (event.response_code != 0) {
    json["responseStatus"]["metadata"] = Json::object();
    json["responseStatus"]["code"] = event.response_code;
  }
  json["requestReceivedTimestamp"] = MicroTime(event.received);
  json["stageTimestamp"] = MicroTime(now);
  if (!event.ports.empty()) {
    json["annotations"]["fairway.dev/ports"] = absl::StrJoin(event.ports, ",");
  }
  return api::DumpJson(json);
}

absl::StatusOr<std::unique_ptr<Sink>> OpenLog(const std::string& path) {
  if (path == "-") return std::make_unique<LogFile>(STDOUT_FILENO);
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("open ", path, ": ", GoErrorString(errno)));
  }
  return std::make_unique<LogFile>(fd);
}

}  // namespace fairway::apiserver::audit
