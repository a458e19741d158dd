// SPDX-License-Identifier: Apache-2.0
#include "net/http1/message_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fairway::net::http1 {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

namespace {

// Whether a body that ends with "0\r\n\r\n" is not there to its end: Beast
// asserts that it gets these bytes together.
bool IsPartOfBodyEnd(absl::string_view bytes) {
  return bytes[0] == '0' && bytes.size() < 5;
}

std::string ToString(string_view text) {
  return std::string(text.data(), text.size());
}

absl::Status ToStatus(const error_code& ec) {
  if (ec == beast_http::error::bad_version) {
    return absl::OutOfRangeError("unsupported protocol version");
  }
  if (ec == beast_http::error::header_limit) {
    return absl::ResourceExhaustedError("too many header fields");
  }
  if (ec == beast_http::error::bad_transfer_encoding) {
    return absl::InvalidArgumentError(
        "Transfer-Encoding beside another, or Content-Length");
  }
  return absl::InvalidArgumentError(absl::StrCat("http: ", ec.message()));
}

}  // namespace

absl::StatusOr<size_t> FindHeadEnd(absl::string_view bytes, size_t max_bytes,
                                   size_t& searched) {
  while (true) {
    const size_t newline = bytes.substr(0, max_bytes).find('\n', searched);
    if (newline == absl::string_view::npos) {
      searched = std::min(bytes.size(), max_bytes);
      if (bytes.size() < max_bytes) return 0;
      return absl::ResourceExhaustedError(
          absl::StrCat("http: head of more than ", max_bytes, " bytes"));
    }
    if (newline == 0 || bytes[newline - 1] != '\r') {
      return absl::InvalidArgumentError("http: line without CR LF");
    }
    if (newline >= 3 && bytes[newline - 2] == '\n') return newline + 1;
    if (newline + 1 == bytes.size()) {
      // What the next line begins with decides.
      searched = newline;
      if (bytes.size() < max_bytes) return 0;
      return absl::ResourceExhaustedError(
          absl::StrCat("http: head of more than ", max_bytes, " bytes"));
    }
    if (bytes[newline + 1] == ' ' || bytes[newline + 1] == '\t') {
      return absl::InvalidArgumentError("http: folded header field");
    }
    searched = newline + 1;
  }
}

class MessageParser::Impl {
 public:
  virtual ~Impl() = default;
  virtual void SkipBody() = 0;
  virtual size_t Put(absl::string_view in, error_code& ec) = 0;
  virtual void PutEof(error_code& ec) = 0;
  virtual bool Done() const = 0;
  virtual bool Chunked() const = 0;
  virtual bool NeedEof() const = 0;
  virtual std::optional<uint64_t> ContentLength() const = 0;

  std::string method;
  std::string target;
  int status = 0;
  std::string reason;
  int minor_version = 1;
  http::Headers headers;
  bool head_done = false;
  absl::Status body_error;  // told once what came before it is out
  uint64_t chunk_left = 0;  // of the chunk that is being read
  absl::Span<char> out;     // room for the body
  size_t produced = 0;
};

template <bool kIsRequest>
class MessageParser::ImplOf final
    : public Impl,
      private beast_http::basic_parser<kIsRequest> {
 public:
  using Base = beast_http::basic_parser<kIsRequest>;

  ImplOf() {
    // FindHeadEnd() and the reader of the body set the limits.
    Base::body_limit(boost::none);
    Base::header_limit(UINT32_MAX);
  }

  void SkipBody() override { Base::skip(true); }
  size_t Put(absl::string_view in, error_code& ec) override {
    return Base::put(boost::asio::const_buffer(in.data(), in.size()), ec);
  }
  void PutEof(error_code& ec) override { Base::put_eof(ec); }
  bool Done() const override { return Base::is_done(); }
  bool Chunked() const override { return Base::chunked(); }
  bool NeedEof() const override {
    return !kIsRequest && head_done && Base::need_eof();
  }
  std::optional<uint64_t> ContentLength() const override {
    const auto length = Base::content_length();
    if (!length.has_value()) return std::nullopt;
    return *length;
  }

 private:
  size_t TakeBody(string_view bytes) {
    const size_t n = std::min(bytes.size(), out.size() - produced);
    if (n > 0) std::memcpy(out.data() + produced, bytes.data(), n);
    produced += n;
    return n;
  }

  void on_request_impl(beast_http::verb, string_view method_text,
                       string_view target_text, int version,
                       error_code&) override {
    method = ToString(method_text);
    target = ToString(target_text);
    minor_version = version - 10;
  }
  void on_response_impl(int code, string_view reason_text, int version,
                        error_code&) override {
    status = code;
    reason = ToString(reason_text);
    minor_version = version - 10;
  }
  void on_field_impl(beast_http::field, string_view name, string_view value,
                     error_code& ec) override {
    if (head_done) return;  // a trailer's
    if (headers.size() == kMaxHeaderFields) {
      ec = beast_http::error::header_limit;
      return;
    }
    headers.Add(absl::string_view(name.data(), name.size()),
                absl::string_view(value.data(), value.size()));
  }
  void on_header_impl(error_code&) override { head_done = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&,
                         error_code&) override {}
  std::size_t on_body_impl(string_view bytes, error_code&) override {
    return TakeBody(bytes);
  }
  void on_chunk_header_impl(std::uint64_t size, string_view,
                            error_code&) override {
    chunk_left = size;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes,
                                 error_code&) override {
    const size_t n = TakeBody(bytes);
    chunk_left -= n;
    return n;
  }
  void on_finish_impl(error_code&) override {}
};

MessageParser::MessageParser(Kind kind) {
  if (kind == Kind::kRequest) {
    impl_ = std::make_unique<ImplOf<true>>();
  } else {
    impl_ = std::make_unique<ImplOf<false>>();
  }
}
MessageParser::~MessageParser() = default;

void MessageParser::SkipBody() { impl_->SkipBody(); }

absl::Status MessageParser::ParseHead(absl::string_view head) {
  error_code ec;
  impl_->Put(head, ec);
  if (ec) return ToStatus(ec);
  if (!impl_->head_done) {
    return absl::InvalidArgumentError("http: incomplete head");
  }
  const std::vector<absl::string_view> encodings =
      impl_->headers.Values("Transfer-Encoding");
  if (encodings.empty()) return absl::OkStatus();
  if (encodings.size() > 1 ||
      !absl::EqualsIgnoreCase(encodings[0], "chunked")) {
    return absl::UnimplementedError("unsupported transfer encoding");
  }
  if (impl_->headers.Has("Content-Length")) {
    return absl::InvalidArgumentError("Transfer-Encoding and Content-Length");
  }
  if (impl_->minor_version == 0) {
    return absl::InvalidArgumentError("Transfer-Encoding in HTTP/1.0");
  }
  return absl::OkStatus();
}

const std::string& MessageParser::method() const { return impl_->method; }
const std::string& MessageParser::target() const { return impl_->target; }
int MessageParser::status() const { return impl_->status; }
const std::string& MessageParser::reason() const { return impl_->reason; }
int MessageParser::minor_version() const { return impl_->minor_version; }
http::Headers& MessageParser::headers() { return impl_->headers; }
bool MessageParser::chunked() const { return impl_->Chunked(); }
bool MessageParser::until_eof() const { return impl_->NeedEof(); }
bool MessageParser::done() const { return impl_->Done(); }

std::optional<uint64_t> MessageParser::content_length() const {
  return impl_->ContentLength();
}

bool MessageParser::keep_alive() const {
  if (until_eof()) return false;
  if (impl_->headers.HasToken("Connection", "close")) return false;
  return impl_->minor_version == 1 ||
         impl_->headers.HasToken("Connection", "keep-alive");
}

absl::StatusOr<MessageParser::Progress> MessageParser::ParseBody(
    absl::string_view in, absl::Span<char> out) {
  impl_->out = out;
  impl_->produced = 0;
  Progress progress;
  // One element (chunk header, piece of a chunk) at each Put.
  while (impl_->body_error.ok() && !done() && progress.consumed < in.size() &&
         impl_->produced < out.size()) {
    absl::string_view rest = in.substr(progress.consumed);
    if (chunked() && impl_->chunk_left == 0) {
      if (IsPartOfBodyEnd(rest)) break;
      // The limit is the same for what came at once.
      rest = rest.substr(0, kMaxChunkHeaderBytes);
    }
    error_code ec;
    const size_t n = impl_->Put(rest, ec);
    progress.consumed += n;
    if (ec && ec != beast_http::error::need_more) {
      impl_->body_error = ToStatus(ec);
    }
    if (n == 0) break;
  }
  progress.produced = impl_->produced;
  impl_->out = {};
  if (!impl_->body_error.ok() && progress.produced == 0) {
    return impl_->body_error;
  }
  if (progress.consumed == 0 && !done() && in.size() >= kMaxChunkHeaderBytes) {
    return absl::InvalidArgumentError("http: chunk header too long");
  }
  return progress;
}

absl::Status MessageParser::Finish() {
  if (done()) return absl::OkStatus();
  error_code ec;
  impl_->PutEof(ec);
  if (ec) return absl::UnavailableError("unexpected EOF");
  return absl::OkStatus();
}

}  // namespace fairway::net::http1
