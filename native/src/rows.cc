#include "rows.h"

#include <type_traits>

namespace resip {

Rows::Rows(uint8_t* arena, size_t arenaBytes, uint8_t* columns, uint32_t capacity, int32_t* trainSocket,
           int32_t* trainAddress, uint32_t trains)
    : arena(arena),
      arenaBytes(arenaBytes),
      capacity(capacity),
      trains(trains),
      trainSocket(trainSocket),
      trainAddress(trainAddress) {
  // In the order of COLUMN_LAYOUT.
  uint8_t* at = columns;
  const auto next = [&at, capacity](auto** column) {
    *column = reinterpret_cast<std::remove_reference_t<decltype(*column)>>(at);
    at += sizeof(**column) * capacity;
  };
  next(&packetNumber);
  next(&offset);
  next(&length);
  next(&sessionId);
  next(&keySlot);
  next(&peer);
  next(&train);
  next(&pathMask);
  next(&type);
  next(&verdict);
  next(&flags);
}

}  // namespace resip
