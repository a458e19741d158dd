// SPDX-License-Identifier: Apache-2.0
#include "net/io/prefixed_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace fairway::net {
namespace {

class PrefixedStream final : public ByteStream {
 public:
  PrefixedStream(std::string prefix, std::unique_ptr<ByteStream> stream)
      : prefix_(std::move(prefix)), stream_(std::move(stream)) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    if (start_ == prefix_.size()) return stream_->Read(buf);
    return TakePrefix(buf);
  }
  Task<absl::Status> WaitReadable() override {
    if (start_ == prefix_.size()) return stream_->WaitReadable();
    return Ready();
  }
  bool readable() const override {
    return start_ < prefix_.size() || stream_->readable();
  }
  Task<absl::Status> WaitBroken() override { return stream_->WaitBroken(); }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    return stream_->Write(pieces);
  }
  Task<absl::Status> CloseWrite() override { return stream_->CloseWrite(); }
  Task<absl::Status> Close() override { return stream_->Close(); }
  void Abort() override { stream_->Abort(); }

 private:
  Task<absl::StatusOr<size_t>> TakePrefix(absl::Span<char> buf) {
    const size_t n = std::min(buf.size(), prefix_.size() - start_);
    std::memcpy(buf.data(), prefix_.data() + start_, n);
    start_ += n;
    if (start_ == prefix_.size()) {
      start_ = 0;
      prefix_ = std::string();
    }
    co_return n;
  }
  Task<absl::Status> Ready() { co_return absl::OkStatus(); }

  std::string prefix_;
  size_t start_ = 0;
  std::unique_ptr<ByteStream> stream_;
};

}  // namespace

std::unique_ptr<ByteStream> WithPrefix(std::string prefix,
                                       std::unique_ptr<ByteStream> stream) {
  if (prefix.empty()) return stream;
  return std::make_unique<PrefixedStream>(std::move(prefix), std::move(stream));
}

}  // namespace fairway::net
