import Checkpoints
import Engine
import Foundation
import TestSupport
import Testing
import YOLOX

/// The made-up weights of the reference outputs: a number for each key and position, by splitmix64 over the key's FNV
/// hash (Tests/Fixtures/Networks/make.py).
private struct GoldenNumbers {
  let gain: Double

  static func units(_ key: String, count: Int) -> [Double] {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a, 64 bits
    for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    var generator = SplitMix64(seed: hash)
    return (0..<count).map { _ in Double(generator.next() >> 40) / Double(1 << 24) }
  }

  func tensor(_ key: String, shape: [Int]) -> Tensor {
    let units = GoldenNumbers.units(key, count: shape.reduce(1, *))
    let value: (Double) -> Double
    if shape.count == 4 {
      let isStem =
        key == "backbone.backbone.stem.conv.conv.weight" || key == "backbone.backbone.stem.0.conv.weight"
      let spread = gain * (isStem ? 1.0 / 64 : 1) * (3 / Double(shape[1] * shape[2] * shape[3])).squareRoot()
      value = { (2 * $0 - 1) * spread }
    } else if key.hasSuffix("bn.weight") || key.hasSuffix("running_var") {
      value = { 0.8 + 0.4 * $0 }
    } else if key.hasSuffix("running_mean") {
      value = { 0.2 * ($0 - 0.5) }
    } else {
      value = { 0.4 * ($0 - 0.5) }
    }
    return Tensor(shape: shape, values: units.map { Float(value($0)) })
  }
}

/// A network with those weights, its input, and the outputs of the authors' code.
private struct GoldenForward {
  let graph: Graph
  let parameters: Parameters
  let images: [Tensor]
  let outputs: Parameters

  static let (height, width, batch) = (64, 96, 2)

  private struct Entry: Decodable { let gain: Double }

  init(_ variant: Variant, exposingFeatures: Bool) throws {
    let entries = try JSONDecoder().decode(
      [String: Entry].self, from: Fixture.data("Networks/state_dicts.json"))
    let numbers = GoldenNumbers(gain: try #require(entries[variant.rawValue]).gain)
    outputs = try Checkpoint.open(
      Fixture.url("Networks/forward_\(variant.rawValue).safetensors").path
    ).tensors
    graph = Graph.yolox(variant.architecture, classCount: 80, exposingFeatures: exposingFeatures)
    parameters = Dictionary(
      uniqueKeysWithValues: graph.parameterShapes.map { ($0, numbers.tensor($0, shape: $1)) })
    let shape = [3, GoldenForward.height, GoldenForward.width]
    let size = shape.reduce(1, *)
    let pixels = GoldenNumbers.units("input", count: GoldenForward.batch * size).map {
      Float((256 * $0).rounded(.down))
    }
    images = (0..<GoldenForward.batch).map {
      Tensor(shape: shape, values: Array(pixels[$0 * size..<($0 + 1) * size]))
    }
  }

  func executor(_ options: PlanOptions = PlanOptions()) throws -> Executor {
    let plan = try Plan(
      graph, parameters: parameters, height: GoldenForward.height, width: GoldenForward.width,
      options: options)
    var executor = Executor(plan, capacity: images.count, pool: WorkerPool(threads: 2))
    executor.run(images)
    return executor
  }

  func expected(_ name: String) throws -> [Float] { try #require(outputs[name]).values }
}

@Suite(
  "Forward pass against the authors' code", .computing
)
struct ForwardTests {
  @Test("raw and decoded predictions and the three feature maps, within 1e-3", arguments: Variant.allCases)
  func forward(variant: Variant) throws {
    let golden = try GoldenForward(variant, exposingFeatures: true)
    let executor = try golden.executor()
    let batch = GoldenForward.batch
    for level in 0..<3 {
      let actual = (0..<batch).flatMap { executor.dense("pan\(level)", image: $0) }
      expectClose(actual, try golden.expected("pan\(level)"), within: 1e-3, "\(variant.rawValue) pan\(level)")
    }
    let (raw, decoded) = predictions(of: executor, variant)
    expectClose(raw, try golden.expected("raw"), within: 1e-3, "\(variant.rawValue) raw")
    // Widths and heights are exponentials of the raw numbers, here up to 7e9: what the raw ones allow absolutely, these
    // allow relatively.
    let expected = try golden.expected("decoded")
    let sizes = expected.map { max(1, abs($0)) }
    expectClose(
      zip(decoded, sizes).map(/), zip(expected, sizes).map(/), within: 1e-3, "\(variant.rawValue) decoded")
  }

  @Test(
    "raw predictions in bf16 and int8, within a fraction of their variation",
    arguments: [Variant.nano, .tiny, .s], [(Precision.bfloat16, 0.04), (.int8, 0.06)] as [(Precision, Float)])
  func narrow(variant: Variant, precision: (Precision, tolerance: Float)) throws {
    let golden = try GoldenForward(variant, exposingFeatures: false)
    var calibrator = try Calibrator(
      golden.graph, parameters: golden.parameters, height: GoldenForward.height, width: GoldenForward.width,
      pool: WorkerPool(threads: 2))
    for image in golden.images { calibrator.observeMinMax(image) }
    for image in golden.images { calibrator.observeHistogram(image) }
    let executor = try golden.executor(PlanOptions(precision: precision.0, ranges: calibrator.ranges))
    let (raw, _) = predictions(of: executor, variant)
    let expected = try golden.expected("raw")
    // Boxes and scores by themselves: root mean square of the errors over that of the distances from the mean.
    for (what, columns) in [("boxes", 0..<4), ("objectness", 4..<5), ("classes", 5..<85)] {
      func part(_ values: [Float]) -> [Float] {
        values.indices.filter { columns.contains($0 % 85) }.map { values[$0] }
      }
      let (actual, wanted) = (part(raw), part(expected))
      let mean = wanted.reduce(0, +) / Float(wanted.count)
      func rms(_ values: [Float]) -> Float {
        (values.reduce(0) { $0 + $1 * $1 } / Float(values.count)).squareRoot()
      }
      let error = rms(zip(actual, wanted).map(-)) / rms(wanted.map { $0 - mean })
      #expect(error < precision.tolerance, "\(variant.rawValue) \(precision.0.rawValue) \(what)")
    }
  }

  /// `[batch, anchors, 85]` as in the authors' ONNX export, before and after grid decoding.
  private func predictions(
    of executor: borrowing Executor, _ variant: Variant
  ) -> (raw: [Float], decoded: [Float]) {
    let images = 0..<GoldenForward.batch
    let raw = images.flatMap { executor.predictions(variant.architecture, image: $0).values }
    let cells = Stride.levels.flatMap { stride in
      let (rows, columns) = (GoldenForward.height / stride, GoldenForward.width / stride)
      return (0..<rows * columns).map { (x: $0 % columns, y: $0 / columns, scale: Float(stride)) }
    }
    var decoded = raw
    for anchor in 0..<raw.count / 85 {
      let (cell, box) = (cells[anchor % cells.count], anchor * 85)
      decoded[box] = (raw[box] + Float(cell.x)) * cell.scale
      decoded[box + 1] = (raw[box + 1] + Float(cell.y)) * cell.scale
      for side in 2...3 { decoded[box + side] = exp(raw[box + side]) * cell.scale }
    }
    return (raw, decoded)
  }
}
