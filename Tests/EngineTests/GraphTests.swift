import Engine
import Testing

@Suite("Graph")
struct GraphTests {
  private let graph: Graph = {
    var builder = GraphBuilder()
    let image = builder.input(channels: 3)
    let phases = builder.focus(image)
    let stem = builder.scoped("stem") { builder in
      let convolution = builder.convolution("conv", phases, to: 8, kernel: 3, stride: 2, bias: false)
      return builder.activation(.silu, builder.batchNormalization("bn", convolution))
    }
    let pooled = builder.maxPool(stem, kernel: 5)
    let joined = builder.concat(stem, pooled)
    builder.output("features", builder.upsample2x(joined))
    return builder.build()
  }()

  @Test("names the weights as the checkpoint does, with their shapes")
  func parameterNames() {
    #expect(
      graph.parameterShapes.map(\.name) == [
        "stem.conv.weight", "stem.bn.weight", "stem.bn.bias", "stem.bn.running_mean", "stem.bn.running_var",
      ])
    #expect(graph.parameterShapes[0].shape == [8, 12, 3, 3])
  }

  @Test("computes every shape from the image size")
  func shapes() throws {
    let shapes = graph.shapes(batch: 2, height: 64, width: 96)
    let features = try #require(graph.output("features"))
    #expect(shapes[1] == [2, 12, 32, 48])
    #expect(shapes[features.index] == [2, 16, 32, 48])
  }
}
