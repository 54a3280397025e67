#include <kith/options.h>

namespace kith {

const char* distance_name(Distance distance) {
  switch (distance) {
    case Distance::cosine:
      return "Cosine";
    case Distance::dot:
      return "Dot";
    case Distance::euclid:
      return "Euclid";
    case Distance::manhattan:
      return "Manhattan";
  }
  return "Cosine";
}

const char* durability_name(Durability durability) {
  switch (durability) {
    case Durability::always:
      return "always";
    case Durability::interval:
      return "interval";
    case Durability::os:
      return "os";
  }
  return "always";
}

}  // namespace kith
