#include "fields/geo_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/random.h"
#include "fields/filter_reference.h"

namespace kith::fields {
namespace {

constexpr GeoPoint new_york{-74.006, 40.7128}, london{-0.1278, 51.5074};

GeoPolygon polygon(std::vector<GeoPoint> exterior, std::vector<std::vector<GeoPoint>> interiors = {}) {
  return {"g", std::move(exterior), std::move(interiors)};
}

TEST(GeoShape, MeasuresKnownDistances) {
  EXPECT_NEAR(haversine_m(new_york, london), 5'570'230, 1) << "as Qdrant's geometry library documents it";
  EXPECT_DOUBLE_EQ(haversine_m(london, london), 0);
  EXPECT_NEAR(haversine_m({0, 0}, {90, 0}), earth_radius_m * std::numbers::pi / 2, 1e-6);
  EXPECT_NEAR(haversine_m({12, 90}, {-100, -90}), earth_radius_m * std::numbers::pi, 1e-6);
  EXPECT_NEAR(haversine_m({179.9, 0}, {-179.9, 0}), haversine_m({0, 0}, {0.2, 0}), 1e-6);
  EXPECT_NEAR(haversine_m({180, 10}, {-180, 10}), 0, 1e-6);
}

TEST(GeoShape, CirclesIncludeTheirRim) {
  const double distance = haversine_m(new_york, london);
  EXPECT_TRUE(GeoShape(GeoRadius{"g", new_york, distance}).contains(london));
  EXPECT_FALSE(GeoShape(GeoRadius{"g", new_york, std::nextafter(distance, 0.0)}).contains(london));
  EXPECT_TRUE(GeoShape(GeoRadius{"g", london, 0}).contains(london));
  EXPECT_FALSE(GeoShape(GeoRadius{"g", london, -1}).contains(london));
  EXPECT_FALSE(GeoShape(GeoRadius{"g", london, std::nan("")}).contains(london));
  EXPECT_TRUE(GeoShape(GeoRadius{"g", london, 2.1e7}).contains({120, -80})) << "more than the whole globe";
  EXPECT_FALSE(GeoShape(GeoRadius{"g", london, 2.1e7}).contains({181, 0})) << "no point";
  EXPECT_FALSE(GeoShape(GeoRadius{"g", london, 2.1e7}).contains({0, std::nan("")}));
}

TEST(GeoShape, BoxesCrossTheDateLine) {
  const GeoShape plain(GeoBox{"g", {10, 20}, {30, -5}});
  EXPECT_TRUE(plain.is_box());
  EXPECT_TRUE(plain.contains({10, 20}) && plain.contains({30, -5}) && plain.contains({20, 0}));
  EXPECT_FALSE(plain.contains({9.999, 0}) || plain.contains({20, 20.001}) || plain.contains({20, -5.001}));
  EXPECT_EQ(plain.bounds(), (std::vector<GeoBounds>{{10, -5, 30, 20}}));
  const GeoShape crossing(GeoBox{"g", {170, 10}, {-160, -10}});
  EXPECT_TRUE(crossing.contains({175, 0}) && crossing.contains({-170, 0}) && crossing.contains({180, 0}) &&
              crossing.contains({-180, 0}));
  EXPECT_FALSE(crossing.contains({0, 0}) || crossing.contains({169, 0}) || crossing.contains({-159, 0}));
  EXPECT_EQ(crossing.bounds(), (std::vector<GeoBounds>{{170, -10, 180, 10}, {-180, -10, -160, 10}}));
  EXPECT_TRUE(GeoShape(GeoBox{"g", {0, -1}, {1, 1}}).bounds().empty()) << "top below bottom";
}

TEST(GeoShape, PolygonsHaveHolesAndNoEdges) {
  const std::vector<GeoPoint> square{{0, 0}, {10, 0}, {10, 10}, {0, 10}, {0, 0}},
      hole{{4, 4}, {6, 4}, {6, 6}, {4, 6}, {4, 4}};
  const GeoShape shape(polygon(square, {hole}));
  EXPECT_TRUE(shape.contains({1, 1}) && shape.contains({5, 3.999}) && shape.contains({9.999, 9.999}));
  EXPECT_FALSE(shape.contains({5, 5})) << "in the hole";
  for (const GeoPoint edge : {GeoPoint{0, 0}, {5, 0}, {10, 5}, {0, 10}, {4, 5}, {6, 6}}) {
    EXPECT_FALSE(shape.contains(edge)) << edge.lon << ' ' << edge.lat;
  }
  EXPECT_FALSE(shape.contains({-1, 5}) || shape.contains({11, 5}) || shape.contains({5, 11}));
  EXPECT_EQ(shape.bounds(), (std::vector<GeoBounds>{{0, 0, 10, 10}}));
  // Concave: a U.
  const GeoShape u(polygon({{0, 0}, {9, 0}, {9, 9}, {6, 9}, {6, 3}, {3, 3}, {3, 9}, {0, 9}, {0, 0}}));
  EXPECT_TRUE(u.contains({1, 8}) && u.contains({8, 8}) && u.contains({4.5, 1}));
  EXPECT_FALSE(u.contains({4.5, 6}));
  // A star drawn in one line winds twice around its middle.
  std::vector<GeoPoint> star;
  for (int i = 0; i <= 5; ++i)
    star.push_back({std::sin(i % 5 * 0.8 * std::numbers::pi), std::cos(i % 5 * 0.8 * std::numbers::pi)});
  EXPECT_TRUE(GeoShape(polygon(star)).contains({0, 0}));
}

TEST(GeoShape, SaysWhatIsNoPolygon) {
  const auto message = [](const GeoPolygon& p) { return check_polygon(p).error().message; };
  const std::vector<GeoPoint> good{{0, 0}, {1, 0}, {1, 1}, {0, 0}};
  EXPECT_TRUE(check_polygon(polygon(good, {good})).has_value());
  EXPECT_EQ(message(polygon({{0, 0}, {1, 0}, {0, 0}})),
            "polygon invalid, the size must be at least 4, got 3");
  EXPECT_EQ(message(polygon(good, {{}})), "polygon invalid, the size must be at least 4, got 0");
  EXPECT_EQ(message(polygon({{0, 0}, {1, 0}, {1, 1}, {0, 1}})),
            "polygon invalid, the first and the last points should be the same to form a closed line");
  EXPECT_THAT(message(polygon({{0, 0}, {200, 0}, {1, 1}, {0, 0}})), testing::HasSubstr("polygon invalid"));
  EXPECT_EQ(check_polygon(polygon({})).error().code, ErrorCode::invalid_argument);
}

TEST(GeoShape, BoundsAreTight) {
  const GeoShape circle(GeoRadius{"g", {10, 60}, 1000});
  ASSERT_EQ(circle.bounds().size(), 1u);
  const auto box = circle.bounds()[0];
  EXPECT_NEAR(haversine_m({10, box.south}, {10, box.north}), 2000, 1);
  EXPECT_NEAR(haversine_m({box.west, 60}, {box.east, 60}), 2000, 1);
  const GeoShape pole(GeoRadius{"g", {10, 89.9}, 100'000});
  ASSERT_EQ(pole.bounds().size(), 1u);
  EXPECT_EQ(pole.bounds()[0].west, -180);
  EXPECT_EQ(pole.bounds()[0].east, 180);
  EXPECT_EQ(pole.bounds()[0].north, 90);
  EXPECT_EQ(GeoShape(GeoRadius{"g", {179.999, 0}, 1000}).bounds().size(), 2u);
  EXPECT_TRUE(GeoShape(GeoRadius{"g", {0, 100}, 1000}).bounds().empty());
}

/// A point anywhere, often near a pole or the date line.
GeoPoint somewhere(Random& random) {
  GeoPoint point{random.uniform() * 360 - 180, std::asin(random.uniform() * 2 - 1) * 180 / std::numbers::pi};
  if (random.chance(0.2)) point.lon = (random.chance(0.5) ? 1 : -1) * (180 - random.uniform());
  if (random.chance(0.2)) point.lat = (random.chance(0.5) ? 1 : -1) * (90 - random.uniform() * 0.1);
  if (random.chance(0.02)) point.lat = random.chance(0.5) ? 90 : -90;
  return point;
}

TEST(GeoShape, RandomCirclesAgreeWithVectorsAndTheirBounds) {
  const auto seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  int inside = 0;
  for (int i = 0; i < 20'000; ++i) {
    const GeoRadius circle{"g", somewhere(random), std::exp(random.uniform() * 15 + 2)};
    const GeoShape shape(circle);
    ASSERT_LE(shape.bounds().size(), 3u);
    for (const auto& box : shape.bounds()) ASSERT_TRUE(box.west <= box.east && box.south <= box.north);
    // Points around the centre as well as anywhere.
    GeoPoint point = somewhere(random);
    if (random.chance(0.7)) {
      const double reach = circle.radius_m / 50'000;
      point = {std::remainder(circle.center.lon + (random.uniform() - 0.5) * reach, 360.0),
               std::clamp(circle.center.lat + (random.uniform() - 0.5) * reach, -90.0, 90.0)};
    }
    const double distance = reference::metres_between(circle.center, point);
    // Haversine loses digits near the antipode.
    if (std::abs(distance - circle.radius_m) < 1) continue;
    ASSERT_EQ(shape.contains(point), distance < circle.radius_m)
        << circle.center.lon << ' ' << circle.center.lat << ' ' << circle.radius_m << " and " << point.lon
        << ' ' << point.lat;
    inside += shape.contains(point) ? 1 : 0;
  }
  EXPECT_GT(inside, 1000);
}

TEST(GeoShape, RandomPolygonsAgreeWithWholeNumbers) {
  const auto seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const auto corner = [&] {
    return GeoPoint{static_cast<double>(random.between(-8, 8)) / 2,
                    static_cast<double>(random.between(-8, 8)) / 2};
  };
  int inside = 0;
  for (int i = 0; i < 2'000; ++i) {
    const auto first = corner();
    const GeoPolygon triangle = polygon({first, corner(), corner(), first});
    const GeoShape shape(triangle);
    for (int n = 0; n < 10; ++n) {
      const auto point = corner();
      ASSERT_EQ(shape.contains(point),
                reference::side_of(point, triangle.exterior) == reference::Side::inside);
      inside += shape.contains(point) ? 1 : 0;
    }
  }
  EXPECT_GT(inside, 500);
}

}  // namespace
}  // namespace kith::fields
