// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/backends.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace fairway::portforward {
namespace {

absl::Status UpgradeError(const absl::Status& error) {
  return absl::Status(error.code(), absl::StrCat("error upgrading connection: ",
                                                 error.message()));
}

}  // namespace

Backends::Backends(Executor executor, std::unique_ptr<PodSource> source,
                   const ForwardOptions& options, Observer* observer)
    : executor_(executor),
      source_(std::move(source)),
      options_(options),
      observer_(observer) {}

Task<absl::StatusOr<Target>> Backends::Open() {
  absl::StatusOr<Target> target = co_await source_->Resolve();
  if (!target.ok()) co_return target.status();
  pod_ = target->pods[0];
  target->pods.resize(1);
  absl::StatusOr<std::unique_ptr<httpstream::Dialer>> dialer =
      source_->NewDialer(pod_);
  if (!dialer.ok()) co_return dialer.status();
  sessions_ = std::make_unique<SessionProvider>(executor_, *std::move(dialer),
                                                options_.mode);
  absl::Status opened = co_await sessions_->Open();
  if (!opened.ok()) co_return UpgradeError(opened);
  observer_->Connected(pod_);
  co_return target;
}

Task<absl::StatusOr<Route>> Backends::Acquire(size_t, size_t port) {
  absl::StatusOr<std::unique_ptr<SessionLease>> lease =
      co_await sessions_->Acquire();
  if (!lease.ok()) co_return UpgradeError(lease.status());
  Route route;
  route.pod = pod_;
  route.remote_port = pod_.remote_ports[port];
  route.lease = *std::move(lease);
  co_return route;
}

Task<absl::Status> Backends::WaitLost() { return sessions_->WaitLost(); }

Task<absl::Status> Backends::Close() {
  if (sessions_ == nullptr) co_return absl::OkStatus();
  absl::Status closed = co_await sessions_->Close();
  co_return closed;
}

std::vector<std::string> Backends::pods() const { return {pod_.name}; }

absl::optional<absl::Duration> Backends::RoundTripTime() const {
  if (sessions_ == nullptr) return absl::nullopt;
  return sessions_->RoundTripTime();
}

}  // namespace fairway::portforward
