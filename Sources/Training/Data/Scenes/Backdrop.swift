/// What stands behind the objects of a scene.
enum Backdrop: Sendable {
  /// Sky, houses or hills, a pavement and a road.
  case street(horizon: Float)
  /// Sky, trees and grass.
  case park(horizon: Float)
  /// A wall and a floor.
  case room(horizon: Float)
  /// Colours and shapes without meaning.
  case abstract

  static func random(_ random: inout RandomSource, height: Float) -> Backdrop {
    let horizon = random.uniform(0.35, 0.68) * height
    return switch random.integer(0...9) {
    case 0...4: .street(horizon: horizon)
    case 5, 6: .park(horizon: horizon)
    case 7: .room(horizon: horizon + 0.15 * height)
    default: .abstract
    }
  }

  /// Where the ground begins; feet are below.
  func horizon(height: Float) -> Float {
    switch self {
    case .street(let horizon), .park(let horizon), .room(let horizon): horizon
    case .abstract: height * 0.3
    }
  }

  func draw(on canvas: inout Canvas, _ random: inout RandomSource) {
    let (width, height) = (Float(canvas.width), Float(canvas.height))
    let everything = Path.rectangle(0, 0, width, height)
    switch self {
    case .street(let horizon):
      Backdrop.drawSky(horizon, on: &canvas, &random)
      Backdrop.drawHills(horizon, on: &canvas, &random)
      if random.chance(0.65) { Backdrop.drawHouses(horizon, on: &canvas, &random) }
      Backdrop.drawRoad(horizon, on: &canvas, &random)
    case .park(let horizon):
      Backdrop.drawSky(horizon, on: &canvas, &random)
      Backdrop.drawHills(horizon, on: &canvas, &random)
      let grass = PaintColor(0x6E_9A4E).mixed(random.color(), random.uniform(0, 0.25))
      canvas.fill(
        .rectangle(0, horizon, width, height - horizon),
        .vertical(grass, grass.lighter(-0.3), horizon, height))
      if random.chance(0.6) {
        let x = random.uniform(0, width)
        canvas.fill(
          .polygon((x, horizon), (x + 12, horizon), (x + width * 0.5, height), (x - width * 0.1, height)),
          PaintColor(0xC9_B68F).lighter(random.uniform(-0.2, 0.1)))
      }
    case .room(let horizon):
      let wall = random.color(90, 235)
      canvas.fill(everything, .vertical(wall.lighter(0.08), wall.lighter(-0.15), 0, height))
      if random.chance(0.4) {
        let pitch = random.uniform(14, 40)
        for index in 0..<Int(width / pitch) + 1 {
          canvas.fill(.rectangle(Float(index) * pitch, 0, pitch * 0.4, horizon), wall.lighter(-0.1))
        }
      }
      let floor = PaintColor(0x8A_6A48).mixed(random.color(), random.uniform(0, 0.5))
      canvas.fill(
        .rectangle(0, horizon, width, height - horizon),
        .vertical(floor.lighter(-0.15), floor, horizon, height))
      canvas.fill(.rectangle(0, horizon - 5, width, 5), .gray(random.uniform(60, 240)))
    case .abstract:
      canvas.fill(
        everything,
        .linear(
          random.color(0, 255), random.color(0, 255), from: Point(random.uniform(0, width), 0),
          to: Point(random.uniform(0, width), height)))
      for _ in 0..<random.integer(0...10) {
        let (x, y) = (random.uniform(0, width), random.uniform(0, height))
        let (w, h) = (random.uniform(5, width * 0.6), random.uniform(5, height * 0.5))
        let path =
          random.chance(0.5)
          ? Path.rectangle(x - w / 2, y - h / 2, w, h)
          : Path.polygon((x - w / 2, y), (x + random.uniform(-20, 20), y - h), (x + w / 2, y + h / 3))
        canvas.fill(path, random.color(0, 255), opacity: random.uniform(0.2, 1))
      }
    }
  }

  private static func drawSky(_ horizon: Float, on canvas: inout Canvas, _ random: inout RandomSource) {
    let width = Float(canvas.width)
    let colors = random.pick([
      (0x7F_B2E5, 0xE4_EEF7), (0x7F_B2E5, 0xE4_EEF7), (0x4A_8BD0, 0xB9_DCF5), (0x9A_A6B2, 0xD5_DADF),
      (0x2A_2F55, 0xE0_8A5A), (0x12_1830, 0x3C_4668), (0xE8_EDF2, 0xF6_F7F8),
    ])
    canvas.fill(
      .rectangle(0, 0, width, Float(canvas.height)),
      .vertical(PaintColor(colors.0), PaintColor(colors.1), 0, max(1, horizon)))
    if random.chance(0.2) {
      canvas.fill(
        .circle(random.uniform(0, width), random.uniform(0, horizon * 0.6), random.uniform(8, 26)),
        PaintColor(0xFF_F3C9).lighter(random.uniform(-0.1, 0.3)))
    }
    for _ in 0..<random.integer(0...4) {
      let (x, y) = (random.uniform(0, width), random.uniform(0, horizon * 0.7))
      let size = random.uniform(8, 26)
      let opacity = random.uniform(0.3, 0.9)
      var cloud = Path()
      for index in 0..<4 {
        cloud.add(
          .ellipse(
            x + Float(index) * size * 0.8, y + random.uniform(-4, 4), size, size * random.uniform(0.4, 0.7)))
      }
      canvas.fill(cloud, .gray(random.uniform(200, 252)), opacity: opacity)
    }
  }

  private static func drawHills(_ horizon: Float, on canvas: inout Canvas, _ random: inout RandomSource) {
    let (width, height) = (Float(canvas.width), Float(canvas.height))
    var outline = [Point(width, height), Point(0, height)]
    for index in 0...8 {
      outline.append(Point(width * Float(index) / 8, horizon - random.uniform(2, height * 0.12)))
    }
    canvas.fill(Path(outline), PaintColor(0x7D_9B6A).mixed(random.color(), random.uniform(0, 0.4)))
  }

  private static func drawHouses(_ horizon: Float, on canvas: inout Canvas, _ random: inout RandomSource) {
    let width = Float(canvas.width)
    var x = random.uniform(-40, 10)
    while x < width {
      let (houseWidth, top) = (random.uniform(30, 110), horizon * random.uniform(0.05, 0.75))
      if random.chance(0.8) {
        let wall = random.color(50, 225).mixed(.gray(150), 0.4)
        canvas.fill(
          .rectangle(x, top, houseWidth, horizon - top + 4),
          .vertical(wall, wall.lighter(-0.15), top, horizon))
        if random.chance(0.4) {
          canvas.fill(
            .polygon(
              (x - 4, top), (x + houseWidth / 2, top - random.uniform(8, 30)), (x + houseWidth + 4, top)),
            PaintColor(0x8C_4A36).mixed(random.color(), 0.3))
        }
        drawWindows(x, top, houseWidth, horizon - top, on: &canvas, &random)
      }
      x += houseWidth + random.uniform(-4, 24)
    }
  }

  private static func drawWindows(
    _ x: Float, _ y: Float, _ width: Float, _ height: Float, on canvas: inout Canvas,
    _ random: inout RandomSource
  ) {
    let (pitchX, pitchY) = (random.uniform(11, 24), random.uniform(13, 28))
    let glass = random.chance(0.3) ? PaintColor(0xF5_D98A) : random.color(20, 150)
    let (columns, rows) = (Int((width - 4) / pitchX), Int((height - 6) / pitchY))
    guard columns > 0, rows > 0 else { return }
    for row in 0..<rows {
      for column in 0..<columns {
        let (left, top) = (x + 4 + Float(column) * pitchX, y + 6 + Float(row) * pitchY)
        canvas.fill(
          .rectangle(left, top, pitchX * 0.58, pitchY * 0.62), glass.lighter(random.uniform(-0.25, 0.15)))
      }
    }
  }

  private static func drawRoad(_ horizon: Float, on canvas: inout Canvas, _ random: inout RandomSource) {
    let (width, height) = (Float(canvas.width), Float(canvas.height))
    let pavement = PaintColor(0xB9_B6AD).lighter(random.uniform(-0.3, 0.1))
    let curb = horizon + (height - horizon) * random.uniform(0.03, 0.3)
    canvas.fill(.rectangle(0, horizon, width, height - horizon), pavement)
    let road = PaintColor.gray(random.uniform(70, 130)).mixed(random.color(), 0.06)
    canvas.fill(.rectangle(0, curb, width, height - curb), .vertical(road, road.lighter(-0.3), curb, height))
    canvas.fill(.rectangle(0, curb, width, 2), pavement.lighter(-0.25))
    guard random.chance(0.75) else { return }
    let y = curb + (height - curb) * random.uniform(0.4, 0.8)
    let (dash, offset) = (random.uniform(20, 60), random.uniform(-60, 0))
    for index in 0..<Int(width / dash) + 2 {
      canvas.fill(
        .rectangle(offset + Float(index) * dash * 1.9, y, dash, random.uniform(3, 4.5)), PaintColor(0xE8_E4D8)
      )
    }
  }
}
