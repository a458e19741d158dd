// SPDX-License-Identifier: Apache-2.0
#include "net/http2/session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"

namespace fairway::net::http2 {
namespace {

constexpr size_t kReadBytes = 16 * 1024;
constexpr size_t kBatchBytes = 64 * 1024;
constexpr int32_t kConnectionWindowBytes = 1 << 20;
// Frames other than DATA that wait for a peer to read them.
constexpr size_t kMaxQueuedFrames = 1000;
constexpr uint64_t kResetBurst = 1000;
constexpr uint64_t kResetsPerSecond = 33;
constexpr absl::Duration kWriteTimeout = absl::Minutes(1);
constexpr absl::Duration kCloseTimeout = absl::Seconds(5);

absl::Status FromNghttp2(int error, absl::string_view what) {
  return absl::InternalError(
      absl::StrCat("http2: ", what, ": ", nghttp2_strerror(error)));
}

const uint8_t* Bytes(absl::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

// Fields of HTTP/1.1's connections, which RFC 9113 forbids.
bool IsConnectionField(absl::string_view name) {
  return name == "connection" || name == "keep-alive" ||
         name == "proxy-connection" || name == "transfer-encoding" ||
         name == "upgrade";
}

// The result refers to `fields`. Connection fields are left out.
absl::StatusOr<std::vector<nghttp2_nv>> ToNv(const Fields& fields) {
  std::vector<nghttp2_nv> nv;
  nv.reserve(fields.size());
  for (const auto& [name, value] : fields) {
    if (IsConnectionField(name)) continue;
    if (!nghttp2_check_header_name(Bytes(name), name.size()) ||
        !nghttp2_check_header_value_rfc9113(Bytes(value), value.size())) {
      return absl::InvalidArgumentError(
          absl::StrCat("http2: field \"", name, "\" cannot be sent"));
    }
    // nghttp2 copies both, and takes pointers to non-const nevertheless.
    nv.push_back({const_cast<uint8_t*>(Bytes(name)),
                  const_cast<uint8_t*>(Bytes(value)), name.size(), value.size(),
                  NGHTTP2_NV_FLAG_NONE});
  }
  return nv;
}

}  // namespace

// What nghttp2 calls while it receives or packs frames. None of these may call
// nghttp2_session_mem_recv or _mem_send, and none runs foreign code.
struct Session::Callbacks {
  static Session& Of(void* user_data) {
    return *static_cast<Session*>(user_data);
  }

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame,
                            void* user_data) {
    Session& self = Of(user_data);
    const int32_t id = frame->hd.stream_id;
    self.block_of_ = id;
    self.waiting_since_ = Clock::now();
    if (self.role_ == Role::kServer &&
        frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      StreamConnection* connection = &self;
      auto stream = std::make_shared<Stream>(self.executor_, connection);
      stream->set_id(id);
      self.streams_[id] = std::move(stream);
    }
    return 0;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame,
                      const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t,
                      void* user_data) {
    Session& self = Of(user_data);
    Stream* stream = self.Find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    const bool fits = stream->OnField(
        absl::string_view(reinterpret_cast<const char*>(name), name_size),
        absl::string_view(reinterpret_cast<const char*>(value), value_size),
        self.options_.max_header_bytes);
    if (fits) return 0;
    self.block_of_ = 0;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // resets the stream
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame,
                     void* user_data) {
    Session& self = Of(user_data);
    if (frame->hd.type == NGHTTP2_SETTINGS) self.settings_received_ = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
      return 0;
    }
    std::shared_ptr<Stream> stream;
    auto found = self.streams_.find(frame->hd.stream_id);
    if (found != self.streams_.end()) stream = found->second;
    if (frame->hd.type == NGHTTP2_HEADERS) {
      self.block_of_ = 0;
      if (stream != nullptr) self.OnBlock(stream);
    }
    if (stream != nullptr && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      stream->OnEnd();
    }
    return 0;
  }

  static int OnData(nghttp2_session* session, uint8_t, int32_t id,
                    const uint8_t* data, size_t size, void* user_data) {
    Stream* stream = Of(user_data).Find(id);
    nghttp2_session_consume_connection(session, size);
    if (stream != nullptr) {
      stream->OnBody(
          absl::string_view(reinterpret_cast<const char*>(data), size));
    }
    return 0;
  }

  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t code,
                           void* user_data) {
    Session& self = Of(user_data);
    absl::Status reason;
    if (code != kNoError) {
      reason = absl::AbortedError(
          absl::StrCat("http2: stream reset: ", nghttp2_http2_strerror(code)));
    }
    if (self.block_of_ == id) self.block_of_ = 0;
    self.Close(id, std::move(reason), code);
    return 0;
  }

  static int OnFrameSent(nghttp2_session* session, const nghttp2_frame* frame,
                         void* user_data) {
    // A response that ended before its request did: the rest is not wanted.
    if (Of(user_data).role_ == Role::kServer &&
        (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
        nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) ==
            0) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                kNoError);
    }
    return 0;
  }

  static int OnFrameNotSent(nghttp2_session*, const nghttp2_frame* frame,
                            int error, void* user_data) {
    if (frame->hd.type == NGHTTP2_HEADERS &&
        frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      Of(user_data).Close(
          frame->hd.stream_id,
          absl::UnavailableError(absl::StrCat("http2: request was not sent: ",
                                              nghttp2_strerror(error))),
          kRefusedStream);
    }
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session* session, int32_t id, uint8_t* buf,
                          size_t size, uint32_t* flags, nghttp2_data_source*,
                          void* user_data) {
    Stream* stream = Of(user_data).Find(id);
    if (stream == nullptr) return NGHTTP2_ERR_DEFERRED;
    const Stream::Taken taken =
        stream->TakeBody(absl::MakeSpan(reinterpret_cast<char*>(buf), size));
    if (taken.end) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      const Fields& trailers = stream->trailers_to_send();
      if (!trailers.empty()) {
        absl::StatusOr<std::vector<nghttp2_nv>> nv = ToNv(trailers);
        if (!nv.ok()) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        nghttp2_submit_trailer(session, id, nv->data(), nv->size());
      }
    } else if (taken.bytes == 0) {
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(taken.bytes);
  }

  static nghttp2_session* New(Session* self);
};

nghttp2_session* Session::Callbacks::New(Session* self) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  nghttp2_session* session = nullptr;
  // These fail for want of memory only, and the session is null then.
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return nullptr;
  if (nghttp2_option_new(&option) != 0) {
    nghttp2_session_callbacks_del(callbacks);
    return nullptr;
  }
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks,
                                                          OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks,
                                                         OnStreamClose);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, OnFrameSent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks,
                                                           OnFrameNotSent);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, kMaxQueuedFrames);
  nghttp2_option_set_stream_reset_rate_limit(option, kResetBurst,
                                             kResetsPerSecond);
  if (self->role_ == Role::kServer) {
    nghttp2_session_server_new2(&session, callbacks, self, option);
  } else {
    nghttp2_session_client_new2(&session, callbacks, self, option);
  }
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  return session;
}

Session::Session(Executor executor, std::unique_ptr<ByteStream> stream,
                 Role role, SessionOptions options, OnRequest on_request)
    : executor_(executor),
      transport_(std::move(stream)),
      role_(role),
      options_(options),
      on_request_(std::move(on_request)),
      session_(Callbacks::New(this)),
      output_(executor),
      drained_(executor),
      waiting_since_(Clock::now()),
      idle_since_(Clock::now()) {
  if (session_ == nullptr) {
    ended_ = true;
    return;
  }
  std::vector<nghttp2_settings_entry> settings = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, Stream::kMaxBufferedBytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<uint32_t>(options_.max_header_bytes)}};
  if (role_ == Role::kServer) {
    settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                        options_.max_concurrent_streams});
  } else {
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(),
                          settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        kConnectionWindowBytes);
}

Session::~Session() {
  while (!streams_.empty()) {
    Close(streams_.begin()->first, absl::UnavailableError("http2: closed"),
          kNoError);
  }
  nghttp2_session_del(session_);
}

Task<absl::Status> Session::Run() {
  if (session_ == nullptr) {
    co_return absl::ResourceExhaustedError("http2: out of memory");
  }
  TaskGroup io(executor_);
  std::optional<absl::Status> ended;  // by whom the others are cancelled
  io.SpawnOrCancelAll([this, &ended]() -> Task<absl::Status> {
    absl::Status status = co_await ReadLoop();
    // With nothing more to read, what is queued is still written.
    if (!status.ok() && !ended) ended = peer_left_ ? absl::OkStatus() : status;
    co_return status;
  });
  io.SpawnOrCancelAll([this, &ended]() -> Task<absl::Status> {
    absl::Status status = co_await WriteLoop();
    if (!ended) ended = status;
    co_return absl::CancelledError("http2: written");
  });
  io.SpawnOrCancelAll([this, &ended]() -> Task<absl::Status> {
    absl::Status status = co_await Watch();
    if (!ended) ended = status;
    co_return status;
  });
  absl::Status joined = co_await io.Join();
  ended_ = true;
  while (!streams_.empty()) {
    Close(streams_.begin()->first,
          absl::UnavailableError("http2: connection lost"), kNoError);
  }
  absl::Status reason = ended.value_or(joined);
  if (reason.ok()) {
    // Bytes in flight, GOAWAY among them, reach the peer.
    absl::Status closed = co_await WithDeadline(
        kCloseTimeout, "http2: close", [this]() -> Task<absl::Status> {
          absl::Status status = co_await transport_->Close();
          co_return status;
        });
    if (closed.ok()) co_return closed;
  }
  transport_->Abort();
  co_return reason;
}

Task<absl::Status> Session::ReadLoop() {
  while (nghttp2_session_want_read(session_) != 0) {
    while (role_ == Role::kServer && nghttp2_session_get_outbound_queue_size(
                                         session_) >= kMaxQueuedFrames) {
      absl::Status waited = co_await drained_.Wait();
      if (!waited.ok()) co_return waited;
    }
    absl::Status readable = co_await transport_->WaitReadable();
    if (!readable.ok()) co_return readable;
    // An idle connection holds no buffer.
    std::unique_ptr<char[]> buf(new char[kReadBytes]);
    absl::StatusOr<size_t> n =
        co_await transport_->Read(absl::MakeSpan(buf.get(), kReadBytes));
    if (!n.ok()) co_return n.status();
    if (*n == 0) {
      peer_left_ = streams_.empty();
      co_return absl::UnavailableError("http2: peer closed the connection");
    }
    absl::Status received = Receive(absl::string_view(buf.get(), *n));
    if (!received.ok()) co_return received;
  }
  co_return absl::OkStatus();
}

absl::Status Session::Receive(absl::string_view bytes) {
  const ssize_t n =
      nghttp2_session_mem_recv(session_, Bytes(bytes), bytes.size());
  Wake();
  if (n < 0) return FromNghttp2(static_cast<int>(n), "receive");
  std::vector<std::shared_ptr<Stream>> arrived = std::move(arrived_);
  arrived_.clear();
  for (std::shared_ptr<Stream>& stream : arrived) {
    on_request_(std::move(stream));
  }
  return absl::OkStatus();
}

void Session::OnBlock(const std::shared_ptr<Stream>& stream) {
  if (role_ == Role::kClient && stream->fields_too_large()) {
    const int32_t id = stream->id();
    SubmitReset(id, kCancel);
    Close(id, absl::ResourceExhaustedError("http2: too many fields"), kCancel);
    return;
  }
  const bool had_fields = stream->has_fields();
  stream->OnBlockEnd();
  if (role_ == Role::kClient || had_fields) return;
  if (stream->fields_too_large()) {
    // Failing that, the stream is gone, which is as good.
    stream->SendFields({{":status", "431"}}, EndStream::kYes).IgnoreError();
    return;
  }
  arrived_.push_back(stream);
}

absl::StatusOr<std::string> Session::NextBatch() {
  std::string batch;
  while (batch.size() < kBatchBytes) {
    const uint8_t* data = nullptr;
    const ssize_t n = nghttp2_session_mem_send(session_, &data);
    if (n < 0) return FromNghttp2(static_cast<int>(n), "send");
    if (n == 0) break;
    batch.append(reinterpret_cast<const char*>(data), static_cast<size_t>(n));
  }
  return batch;
}

bool Session::Finished() const {
  if (nghttp2_session_want_write(session_) != 0) return false;
  return nghttp2_session_want_read(session_) == 0 ||
         (draining_ && streams_.empty());
}

Task<absl::Status> Session::WriteLoop() {
  while (true) {
    absl::StatusOr<std::string> batch = NextBatch();
    if (!batch.ok()) co_return batch.status();
    drained_.NotifyAll();
    if (!batch->empty()) {
      absl::Status written = co_await WithDeadline(
          kWriteTimeout, "http2: write",
          [this, &batch]() -> Task<absl::Status> {
            absl::Status status = co_await WriteAll(*transport_, *batch);
            co_return status;
          });
      if (!written.ok()) co_return written;
      continue;
    }
    if (Finished()) co_return absl::OkStatus();
    absl::Status waited = co_await output_.Wait();
    if (!waited.ok()) co_return waited;
  }
}

absl::Duration Session::TimeLeft() const {
  const Clock::time_point now = Clock::now();
  if (!settings_received_ || block_of_ != 0) {
    return options_.header_timeout - absl::FromChrono(now - waiting_since_);
  }
  if (!streams_.empty()) return options_.idle_timeout;
  return options_.idle_timeout - absl::FromChrono(now - idle_since_);
}

// Looks again now and then, rather than at each change: a connection with
// traffic costs it nothing.
Task<absl::Status> Session::Watch() {
  while (true) {
    const absl::Duration left = TimeLeft();
    if (role_ == Role::kServer && left <= absl::ZeroDuration()) {
      if (!settings_received_ || block_of_ != 0) {
        co_return absl::DeadlineExceededError("http2: no request in time");
      }
      Drain();
    }
    const absl::Duration nap =
        std::min({left, options_.header_timeout, options_.idle_timeout});
    absl::Status slept = co_await Sleep(std::max(nap, absl::Milliseconds(10)));
    if (!slept.ok()) co_return slept;
  }
}

absl::StatusOr<std::shared_ptr<Stream>> Session::Open(const Fields& fields,
                                                      EndStream end) {
  if (!accepts_requests()) {
    return absl::UnavailableError("http2: connection takes no more requests");
  }
  absl::StatusOr<std::vector<nghttp2_nv>> nv = ToNv(fields);
  if (!nv.ok()) return nv.status();
  nghttp2_data_provider body = {};
  body.read_callback = Callbacks::ReadBody;
  const int32_t id =
      nghttp2_submit_request(session_, nullptr, nv->data(), nv->size(),
                             end == EndStream::kYes ? nullptr : &body, nullptr);
  if (id < 0) {
    return absl::UnavailableError(
        absl::StrCat("http2: request: ", nghttp2_strerror(id)));
  }
  StreamConnection* connection = this;
  auto stream = std::make_shared<Stream>(executor_, connection);
  stream->set_id(id);
  streams_[id] = stream;
  Wake();
  return stream;
}

bool Session::accepts_requests() const {
  return !ended_ && !draining_ &&
         nghttp2_session_check_request_allowed(session_) != 0;
}

void Session::Drain() {
  if (draining_ || ended_) return;
  draining_ = true;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_),
                        kNoError, nullptr, 0);
  for (const auto& [id, stream] : streams_) stream->OnDraining();
  Wake();
}

void Session::Terminate(uint32_t code) {
  if (ended_) return;
  nghttp2_session_terminate_session(session_, code);
  Wake();
}

absl::Status Session::SubmitResponse(int32_t id, const Fields& fields,
                                     EndStream end) {
  absl::StatusOr<std::vector<nghttp2_nv>> nv = ToNv(fields);
  if (!nv.ok()) return nv.status();
  nghttp2_data_provider body = {};
  body.read_callback = Callbacks::ReadBody;
  const int error =
      nghttp2_submit_response(session_, id, nv->data(), nv->size(),
                              end == EndStream::kYes ? nullptr : &body);
  Wake();
  return error == 0 ? absl::OkStatus() : FromNghttp2(error, "response");
}

absl::Status Session::SubmitInformational(int32_t id, const Fields& fields) {
  absl::StatusOr<std::vector<nghttp2_nv>> nv = ToNv(fields);
  if (!nv.ok()) return nv.status();
  const int32_t error =
      nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr,
                             nv->data(), nv->size(), nullptr);
  Wake();
  return error == 0 ? absl::OkStatus() : FromNghttp2(error, "informational");
}

void Session::ResumeBody(int32_t id) {
  // Fails when the body was not waiting, which is as good.
  nghttp2_session_resume_data(session_, id);
  Wake();
}

void Session::Consumed(int32_t id, size_t bytes) {
  nghttp2_session_consume_stream(session_, id, bytes);
  Wake();
}

void Session::SubmitReset(int32_t id, uint32_t code) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
  Wake();
}

Stream* Session::Find(int32_t id) {
  auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Session::Close(int32_t id, absl::Status reason, uint32_t code) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  std::shared_ptr<Stream> stream = std::move(found->second);
  streams_.erase(found);
  if (streams_.empty()) idle_since_ = Clock::now();
  stream->OnClosed(std::move(reason), code);
  Wake();
}

}  // namespace fairway::net::http2
