// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/session_provider.h"

#include <string>
#include <utility>
#include <vector>

namespace fairway::portforward {
namespace {

class SingleSessionProvider final : public SessionProvider {
 public:
  explicit SingleSessionProvider(std::unique_ptr<httpstream::Dialer> dialer)
      : dialer_(std::move(dialer)) {}

  Task<absl::Status> Open() override {
    std::vector<std::string> protocols = {
        std::string(httpstream::kPortForwardV1Name)};
    absl::StatusOr<httpstream::Dialer::Result> dialed =
        co_await dialer_->Dial(std::move(protocols));
    if (!dialed.ok()) co_return dialed.status();
    connection_ = std::move(dialed->connection);
    co_return absl::OkStatus();
  }

  Task<absl::StatusOr<std::shared_ptr<httpstream::Connection>>> Acquire()
      override {
    if (connection_ == nullptr) {
      co_return absl::FailedPreconditionError("session: not open");
    }
    co_return connection_;
  }

  Task<absl::Status> WaitLost() override {
    absl::Status status = co_await connection_->WaitClosed();
    co_return status;
  }

  Task<absl::Status> Close() override {
    if (connection_ == nullptr) co_return absl::OkStatus();
    absl::Status status = co_await connection_->Close();
    co_return status;
  }

 private:
  const std::unique_ptr<httpstream::Dialer> dialer_;
  std::shared_ptr<httpstream::Connection> connection_;
};

}  // namespace

std::unique_ptr<SessionProvider> NewSingleSessionProvider(
    std::unique_ptr<httpstream::Dialer> dialer) {
  return std::make_unique<SingleSessionProvider>(std::move(dialer));
}

}  // namespace fairway::portforward
