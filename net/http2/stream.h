// SPDX-License-Identifier: Apache-2.0
// One request and its response on an HTTP/2 connection.
#ifndef NET_HTTP2_STREAM_H_
#define NET_HTTP2_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/task/condition.h"
#include "base/task/task.h"

namespace fairway::net::http2 {

// RFC 9113's error codes that somebody here names.
inline constexpr uint32_t kNoError = 0x0;
inline constexpr uint32_t kProtocolError = 0x1;
inline constexpr uint32_t kInternalError = 0x2;
inline constexpr uint32_t kRefusedStream = 0x7;
inline constexpr uint32_t kCancel = 0x8;
inline constexpr uint32_t kEnhanceYourCalm = 0xb;

// Fields in their order, pseudo-header fields first; names are lower case.
using Field = std::pair<std::string, std::string>;
using Fields = std::vector<Field>;

// The first value of `name`; empty if there is none.
absl::string_view FieldValue(const Fields& fields, absl::string_view name);

enum class EndStream { kNo, kYes };

// What a Stream asks of its connection.
class StreamConnection {
 public:
  virtual ~StreamConnection() = default;
  virtual absl::Status SubmitResponse(int32_t id, const Fields& fields,
                                      EndStream end) = 0;
  virtual absl::Status SubmitInformational(int32_t id,
                                           const Fields& fields) = 0;
  // There is something for Stream::TakeBody() again.
  virtual void ResumeBody(int32_t id) = 0;
  // `bytes` of the body were read: the peer may send as many more.
  virtual void Consumed(int32_t id, size_t bytes) = 0;
  virtual void SubmitReset(int32_t id, uint32_t code) = 0;
};

// Threads:  on the executor of its connection.
// Lifetime: shared by the connection and whoever works on it; it outlives the
//           connection, whose end is then the error of every call.
// Cancel:   honoured; a cancelled Read or Write may be followed by Reset()
// only.
//
// Errors, where not said otherwise: kAborted after the peer's RST_STREAM,
// kCancelled after Reset(), kUnavailable when the connection was lost. No wait
// here has a deadline of its own: a peer that opens no window, or sends no
// body, holds up this stream only and at most kMaxBufferedBytes.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  // What one stream holds in each direction.
  static constexpr size_t kMaxBufferedBytes = 128 * 1024;

  Stream(Executor executor, StreamConnection* connection)
      : connection_(connection), changed_(executor) {}

  // -- Receiving --

  // A client's wait for the response's fields (never those of a 1xx).
  Task<absl::Status> WaitFields();
  const Fields& fields() const { return fields_; }
  // Those behind the body; complete once Read returned 0.
  const Fields& trailers() const { return trailers_; }
  bool has_fields() const { return has_fields_; }

  // Reads 1..buf.size() bytes of the body; 0 at its end, and again after it.
  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf);
  // Whether the peer has sent all that it will.
  bool received_end() const { return received_end_; }

  // -- Sending --

  // A server's response head. Errors: also kInvalidArgument for a field that
  // may not be sent; kFailedPrecondition when it was sent already.
  absl::Status SendFields(const Fields& fields, EndStream end);
  // "100 Continue" and its like; before SendFields().
  absl::Status SendInformational(const Fields& fields);
  // Returns when all of `bytes` fit into the buffer.
  Task<absl::Status> Write(absl::string_view bytes);
  // Ends the body, behind what was written.
  absl::Status Finish(Fields trailers = {});
  // Whether the end was submitted, by Finish() or with the fields.
  bool finished() const { return finished_; }
  // Ends the stream in both directions. Does nothing when it has ended.
  void Reset(uint32_t code);

  // -- Its end --

  // Returns when the peer has reset the stream or the connection was lost.
  // Errors: kCancelled.
  Task<absl::Status> WaitGone();
  // The same, and also when the connection is draining.
  Task<absl::Status> WaitGoneOrDraining();
  bool closed() const { return closed_; }
  // The code of the RST_STREAM that ended it (the peer's or one's own);
  // kNoError if none did.
  uint32_t reset_code() const { return reset_code_; }

  // -- For its connection --

  void set_id(int32_t id) { id_ = id; }
  int32_t id() const { return id_; }
  // Adds a received field to the block that is coming in; false when the
  // blocks together have grown beyond twice `max_bytes`.
  bool OnField(absl::string_view name, absl::string_view value,
               size_t max_bytes);
  // Whether the fields are more than OnField's `max_bytes`, and incomplete.
  bool fields_too_large() const { return fields_too_large_; }
  void OnBlockEnd();
  void OnBody(absl::string_view bytes);
  void OnEnd();
  void OnClosed(absl::Status reason, uint32_t reset_code);
  void OnDraining();
  // Moves what is there to send into `buf`.
  struct Taken {
    size_t bytes = 0;
    bool end = false;  // nothing will follow but `trailers`
  };
  Taken TakeBody(absl::Span<char> buf);
  const Fields& trailers_to_send() const { return trailers_to_send_; }

 private:
  absl::Status Sendable() const;

  StreamConnection* connection_;  // null when closed
  int32_t id_ = 0;
  Condition changed_;

  Fields incoming_;  // a block that has not ended
  size_t field_bytes_ = 0;
  bool fields_too_large_ = false;
  bool has_fields_ = false;
  Fields fields_;
  Fields trailers_;
  std::string inbox_;
  size_t inbox_start_ = 0;  // bytes before it were read
  bool received_end_ = false;

  bool sent_fields_ = false;
  std::string outbox_;
  size_t outbox_start_ = 0;
  bool finished_ = false;
  Fields trailers_to_send_;

  bool draining_ = false;
  bool closed_ = false;
  absl::Status close_reason_;
  uint32_t reset_code_ = kNoError;
};

}  // namespace fairway::net::http2

#endif  // NET_HTTP2_STREAM_H_
