/// What light, weather and a camera do to a drawn scene.
struct CameraEffects: Sendable {
  private let tint: PaintColor
  private let contrast: Float
  private let brightness: Float
  private let rain: Int
  private let blurPasses: Int
  private let noise: Float
  private let seed: UInt64

  init(_ random: inout RandomSource) {
    tint =
      switch random.integer(0...9) {
      case 0: PaintColor(255, 214, 170)
      case 1: PaintColor(150, 165, 210)
      case 2: PaintColor(150, 155, 180)
      case 3: random.color(190, 255)
      default: .gray(255)
      }
    contrast = random.uniform(0.7, 1.15)
    brightness = random.uniform(-18, 18)
    rain = random.chance(0.1) ? random.integer(40...160) : 0
    blurPasses = random.pick([0, 0, 0, 0, 1, 1, 2])
    noise = random.chance(0.5) ? random.uniform(2, 20) : 0
    seed = random.next()
  }

  func apply(to canvas: inout Canvas) {
    var random = RandomSource(seed: seed)
    if rain > 0 { drawRain(on: &canvas, &random) }
    let scale = [tint.red / 255, tint.green / 255, tint.blue / 255]
    for index in canvas.levels.indices {
      canvas.levels[index] = ((canvas.levels[index] - 128) * contrast + 128 + brightness) * scale[index % 3]
    }
    for _ in 0..<blurPasses { blur(&canvas) }
    guard noise > 0 else { return }
    for index in canvas.levels.indices {
      // The sum of two even distributions: a triangle, near enough to a camera's noise.
      let bits = random.next()
      let sum = Float(bits & 0xFF_FFFF) + Float(bits >> 24 & 0xFF_FFFF)
      canvas.levels[index] += noise * (sum / Float(1 << 24) - 1)
    }
  }

  private func drawRain(on canvas: inout Canvas, _ random: inout RandomSource) {
    canvas.placement = Placement()
    let slant = random.uniform(-0.3, 0.3)
    // Too faint to hide an object: the masks stay as they are.
    for _ in 0..<rain {
      let start = Point(
        random.uniform(0, Float(canvas.width)), random.uniform(-10, Float(canvas.height)))
      let length = random.uniform(8, 24)
      canvas.fill(
        .stroke([start, start + Point(slant * length, length)], width: 1), .gray(225),
        opacity: random.uniform(0.15, 0.4))
    }
  }

  /// 1 2 1 along both axes.
  private func blur(_ canvas: inout Canvas) {
    let (width, height) = (canvas.width, canvas.height)
    for step in [3, width * 3] {
      let source = canvas.levels
      for y in 0..<height {
        for x in 0..<width {
          let isFirst = step == 3 ? x == 0 : y == 0
          let isLast = step == 3 ? x == width - 1 : y == height - 1
          for channel in 0..<3 {
            let index = (y * width + x) * 3 + channel
            let before = source[isFirst ? index : index - step]
            let after = source[isLast ? index : index + step]
            canvas.levels[index] = (before + 2 * source[index] + after) / 4
          }
        }
      }
    }
  }
}
