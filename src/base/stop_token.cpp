#include "base/stop_token.h"

namespace kith {

Status StopToken::check() const {
  if (cancelled()) return failure(ErrorCode::cancelled, "the request was cancelled");
  if (expired()) return failure(ErrorCode::deadline_exceeded, "the request's time limit has passed");
  return {};
}

}  // namespace kith
