// Puts a queue of messages on the wire, socket by socket, finds out what is to blame for a refusal, and counts on
// the path rows.
#pragma once

#include "udp.h"

namespace resip {

class Transmitter {
 public:
  Transmitter(Batch& batch, SendQueue& queue) : batch_(batch), queue_(queue) {}

  // Sends everything; the queue is empty afterwards.
  void flush();
  // Copies that the kernel took so far.
  double taken() const { return taken_; }

 private:
  uint32_t collect(Udp* socket);
  void sendAll(Udp* socket, uint32_t count);
  void recover(SendQueue::Message& message, int error);
  int sendRow(const SendQueue::Message& message, uint32_t row, bool withLocal);
  void account(const SendQueue::Message& message, uint32_t sent, uint64_t sentBytes, int error);

  Batch& batch_;
  SendQueue& queue_;
  double taken_ = 0;
};

}  // namespace resip
