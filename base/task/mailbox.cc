// SPDX-License-Identifier: Apache-2.0
#include "base/task/mailbox.h"

#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace fairway {
namespace {

namespace asio = boost::asio;

// Asio tells a loop's services, and nobody else, of its end.
class MailboxService final : public asio::execution_context::service {
 public:
  inline static asio::execution_context::id id;

  explicit MailboxService(asio::execution_context& context)
      : service(context),
        mailbox_(std::make_shared<Mailbox>(
            static_cast<asio::io_context*>(&context))) {}

  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

 private:
  void shutdown() override { mailbox_->Close(); }

  const std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace

std::shared_ptr<Mailbox> Mailbox::Of(Executor executor) {
  return asio::use_service<MailboxService>(executor.context()).mailbox();
}

void Mailbox::Post(std::function<void()> function) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (loop_ == nullptr) return;
  asio::post(*loop_, std::move(function));
}

void Mailbox::Close() {
  std::lock_guard<std::mutex> lock(mutex_);
  loop_ = nullptr;
}

}  // namespace fairway
