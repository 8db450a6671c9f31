/// A stop sign; its pole is not part of it. 180 units wide.
struct StopSignDrawing: SceneObject {
  private let red: PaintColor
  private let rim: PaintColor
  private let pole: PaintColor
  private let poleLength: Float
  private let hasText: Bool

  let width: Float = 180
  let height: Float = 180

  init(_ random: inout RandomSource) {
    red = PaintColor(0xC1_121F).lighter(random.uniform(-0.25, 0.2)).mixed(
      random.color(), random.uniform(0, 0.12))
    rim = .gray(random.uniform(215, 250))
    pole = .gray(random.uniform(60, 190))
    poleLength = random.uniform(120, 420)
    hasText = random.chance(0.94)
  }

  func drawSurroundings(on canvas: inout Canvas) {
    canvas.fill(.rectangle(-7, -40, 14, poleLength + 40), pole)
    canvas.fill(.rectangle(-3, -40, 4, poleLength + 40), pole.lighter(0.3))
  }

  func draw(on canvas: inout Canvas) {
    canvas.fill(.regular(sides: 8, 0, -90, 97.4, turn: .pi / 8), rim)
    canvas.fill(.regular(sides: 8, 0, -90, 88.7, turn: .pi / 8), red)
    guard hasText else { return }
    let white = PaintColor.gray(250)
    let (top, bottom): (Float, Float) = (-109, -71)
    let middle = (top + bottom) / 2
    let letters = [
      // S
      Path.stroke(
        (-48, top + 4), (-58, top), (-68, top + 4), (-68, middle - 5), (-50, middle + 4), (-50, bottom - 4),
        (-58, bottom), (-70, bottom - 4), width: 10),
      // T
      .stroke((-38, top), (-10, top), width: 10), .stroke((-24, top), (-24, bottom), width: 10),
      // O
      .stroke(
        (15, top), (26, top + 5), (30, middle), (26, bottom - 5), (15, bottom), (4, bottom - 5), (0, middle),
        (4, top + 5), (15, top), width: 10),
      // P
      .stroke(
        (48, bottom), (48, top), (64, top), (70, top + 10), (64, middle + 1), (48, middle + 1), width: 10),
    ]
    for letter in letters { canvas.fill(letter, white) }
  }
}

/// A traffic light with one of its lamps lit, upright or lying; its pole is not part of it.
struct TrafficLightDrawing: SceneObject {
  private let housing: PaintColor
  private let pole: PaintColor
  private let lit: Int
  private let isLying: Bool
  private let hangs: Bool
  private let hasVisors: Bool
  private let hasBackplate: Bool
  private let poleLength: Float

  var width: Float { (isLying ? 210 : 80) + (hasBackplate ? 24 : 0) }
  var height: Float { (isLying ? 80 : 210) + (hasBackplate ? 24 : 0) }

  init(_ random: inout RandomSource) {
    housing = PaintColor(random.pick([0x17_191B, 0x17_191B, 0x2C_3034, 0xC9_9A1A, 0x20_3A2C]))
      .lighter(random.uniform(-0.1, 0.12))
    pole = .gray(random.uniform(45, 130))
    lit = random.integer(0...2)
    isLying = random.chance(0.12)
    hangs = random.chance(0.2)
    hasVisors = random.chance(0.7)
    hasBackplate = random.chance(0.2)
    poleLength = random.uniform(120, 420)
  }

  func drawSurroundings(on canvas: inout Canvas) {
    if hangs {
      canvas.fill(.rectangle(-5, -height - 90, 10, 100), pole)
      canvas.fill(.rectangle(-500, -height - 95, 1000, 12), pole)
    } else {
      canvas.fill(.rectangle(-6, -20, 12, poleLength), pole)
    }
  }

  func draw(on canvas: inout Canvas) {
    if hasBackplate {
      canvas.fill(.rounded(-width / 2, -height, width, height, radius: 10), .gray(40))
      canvas.fill(.rounded(-width / 2 + 3, -height + 3, width - 6, height - 6, radius: 8), .gray(18))
    }
    let margin: Float = hasBackplate ? 12 : 0
    canvas.fill(
      .rounded(
        -width / 2 + margin, -height + margin, width - 2 * margin, height - 2 * margin, radius: 12), housing)
    let colors = [PaintColor(0xF3_301C), PaintColor(0xFF_B81C), PaintColor(0x2F_D15A)]
    for (index, color) in colors.enumerated() {
      let along = -65 + 65 * Float(index)
      let (x, y) = isLying ? (along, -height / 2) : (0, -height / 2 + along)
      if index == lit {
        canvas.fill(
          .circle(x, y, 26),
          .radial(color.lighter(0.55), color.lighter(-0.1), center: Point(x, y), radius: 26))
      } else {
        canvas.fill(.circle(x, y, 26), color.lighter(-0.78))
      }
      if hasVisors { canvas.fill(.arc(x, y - 3, 29, from: -.pi, to: 0, width: 6), housing.lighter(0.12)) }
    }
  }
}
