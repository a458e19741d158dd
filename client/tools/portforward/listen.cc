// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2):
// listenOnPort, listenOnPortAndAddress, getListener
#include "client/tools/portforward/listen.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fairway::portforward {
namespace {

void Add(LocalEnd end, std::unique_ptr<net::Listener> listener,
         Observer& observer, LocalListeners& listeners) {
  listeners.push_back(std::make_unique<LocalListener>(
      LocalListener{std::move(end), std::move(listener)}));
  observer.Listening(listeners.back()->end);
}

absl::Status ListenError(const absl::Status& error) {
  return absl::Status(
      error.code(),
      absl::StrCat("unable to create listener: Error ", error.message()));
}

absl::Status ListenAtPath(Executor executor, const ForwardOptions& options,
                          LocalEnd end, Observer& observer,
                          LocalListeners& listeners) {
  absl::StatusOr<std::unique_ptr<net::Listener>> listener =
      net::ListenUnix(executor, end.unix_path, options.unix_socket_mode);
  if (!listener.ok()) return ListenError(listener.status());
  Add(std::move(end), *std::move(listener), observer, listeners);
  return absl::OkStatus();
}

absl::Status ListenOnPortAndAddress(Executor executor,
                                    const ListenAddress& address,
                                    const LocalEnd& wanted, Observer& observer,
                                    ForwardedPort& port,
                                    LocalListeners& listeners) {
  absl::StatusOr<std::unique_ptr<net::Listener>> listener =
      net::ListenTcp(executor, address.address, port.local);
  if (!listener.ok()) return ListenError(listener.status());
  port.local = (*listener)->address().port;
  LocalEnd end = wanted;
  end.address = address.address;
  end.port = port.local;
  Add(std::move(end), *std::move(listener), observer, listeners);
  return absl::OkStatus();
}

}  // namespace

absl::Status ListenOnPort(Executor executor, const ForwardOptions& options,
                          const LocalEnd& wanted, Observer& observer,
                          ForwardedPort& port, LocalListeners& listeners) {
  if (!port.unix_path.empty()) {
    LocalEnd end = wanted;
    end.unix_path = port.unix_path;
    return ListenAtPath(executor, options, std::move(end), observer, listeners);
  }
  std::vector<std::string> errors;
  int any_failed = 0;
  int all_failed = 0;
  int all_succeeded = 0;
  for (const ListenAddress& address : options.addresses) {
    absl::Status status = ListenOnPortAndAddress(executor, address, wanted,
                                                 observer, port, listeners);
    const bool all = address.failure_mode == FailureMode::kAll;
    if (status.ok()) {
      if (all) ++all_succeeded;
      continue;
    }
    errors.emplace_back(status.message());
    ++(all ? all_failed : any_failed);
  }
  if ((all_succeeded == 0 && all_failed > 0) || any_failed > 0) {
    return absl::AlreadyExistsError(
        absl::StrCat("Listeners failed to create with the following errors: [",
                     absl::StrJoin(errors, " "), "]"));
  }
  return absl::OkStatus();
}

}  // namespace fairway::portforward
