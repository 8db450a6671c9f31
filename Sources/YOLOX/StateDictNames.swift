import Checkpoints
import Engine

/// The names under which others keep the authors' network, said in the authors' names.
enum StateDictNames {
  /// - Returns: `tensors` under the authors' names, without what wrappers put before them (`module.`, `model.`,
  ///   `_orig_mod.`, ...); other tensors are left out. `nil` if no wrapper and no dialect is recognised.
  static func canonical(_ tensors: Parameters) -> Parameters? {
    if let prefix = prefix(of: "head.cls_preds.0.weight", in: tensors) {
      return tensors.renamed { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : nil }
    }
    for (marker, paths) in [
      ("bbox_head.multi_level_conv_cls.0.weight", mmdetectionPaths),
      ("bbox_head.head_module.multi_level_conv_cls.0.weight", mmyoloPaths),
    ] {
      guard let prefix = prefix(of: marker, in: tensors) else { continue }
      return tensors.renamed { name in
        name.hasPrefix(prefix) ? openMMLab(String(name.dropFirst(prefix.count)), paths) : nil
      }
    }
    return nil
  }

  /// What stands before `name`. Of several copies of a network, the averaged one is taken.
  private static func prefix(of name: String, in tensors: Parameters) -> String? {
    let found = tensors.keys.filter { $0 == name || $0.hasSuffix("." + name) }.map {
      String($0.dropLast(name.count))
    }
    return found.min { first, second in
      let (isFirst, isSecond) = (first.contains("ema"), second.contains("ema"))
      return isFirst == isSecond ? (first.count, first) < (second.count, second) : isFirst
    }
  }

  /// A name of mmdetection (mmdet/models: csp_darknet.py, yolox_pafpn.py, yolox_head.py) or of mmyolo (mmyolo/models:
  /// csp_darknet.py, yolox_pafpn.py, yolox_head.py).
  private static func openMMLab(_ name: String, _ paths: [(key: String, value: String)]) -> String? {
    guard let (path, replacement) = paths.first(where: { name.hasPrefix($0.key) }) else {
      return nil
    }
    var rest = String(name.dropFirst(path.count))
    if path == "backbone.stage" {
      // Stages 1 to 4 are dark2 to dark5.
      guard let stage = rest.first?.wholeNumberValue else { return nil }
      rest = "\(stage + 1)" + rest.dropFirst()
    }
    for (theirs, ours) in mmdetectionParts {
      rest = rest.split(separator: ".", omittingEmptySubsequences: false).map {
        $0 == theirs ? ours : String($0)
      }
      .joined(separator: ".")
    }
    return replacement + rest
  }

  private static let mmdetectionPaths: [(key: String, value: String)] = [
    ("backbone.stem.", "backbone.backbone.stem."), ("backbone.stage", "backbone.backbone.dark"),
    ("neck.reduce_layers.0.", "backbone.lateral_conv0."), ("neck.reduce_layers.1.", "backbone.reduce_conv1."),
    ("neck.top_down_blocks.0.", "backbone.C3_p4."), ("neck.top_down_blocks.1.", "backbone.C3_p3."),
    ("neck.downsamples.0.", "backbone.bu_conv2."), ("neck.downsamples.1.", "backbone.bu_conv1."),
    ("neck.bottom_up_blocks.0.", "backbone.C3_n3."), ("neck.bottom_up_blocks.1.", "backbone.C3_n4."),
    ("neck.out_convs.", "head.stems."), ("bbox_head.multi_level_cls_convs.", "head.cls_convs."),
    ("bbox_head.multi_level_reg_convs.", "head.reg_convs."),
    ("bbox_head.multi_level_conv_cls.", "head.cls_preds."),
    ("bbox_head.multi_level_conv_reg.", "head.reg_preds."),
    ("bbox_head.multi_level_conv_obj.", "head.obj_preds."),
  ]

  private static let mmyoloPaths: [(key: String, value: String)] =
    [
      ("neck.reduce_layers.2.", "backbone.lateral_conv0."),
      ("neck.top_down_layers.0.0.", "backbone.C3_p4."),
      ("neck.top_down_layers.0.1.", "backbone.reduce_conv1."),
      ("neck.top_down_layers.1.", "backbone.C3_p3."), ("neck.downsample_layers.0.", "backbone.bu_conv2."),
      ("neck.downsample_layers.1.", "backbone.bu_conv1."), ("neck.bottom_up_layers.0.", "backbone.C3_n3."),
      ("neck.bottom_up_layers.1.", "backbone.C3_n4."), ("neck.out_layers.", "head.stems."),
    ]
    + mmdetectionPaths.filter { $0.key.hasPrefix("backbone.") }
    + mmdetectionPaths.filter { $0.key.hasPrefix("bbox_head.") }.map {
      ("bbox_head.head_module." + $0.key.dropFirst("bbox_head.".count), $0.value)
    }

  private static let mmdetectionParts = [
    ("depthwise_conv", "dconv"), ("pointwise_conv", "pconv"), ("main_conv", "conv1"), ("short_conv", "conv2"),
    ("final_conv", "conv3"), ("blocks", "m"),
  ]
}

extension Parameters {
  fileprivate func renamed(_ rename: (String) -> String?) -> Parameters {
    var renamed: Parameters = [:]
    for (name, tensor) in self {
      if let name = rename(name) { renamed[name] = tensor }
    }
    return renamed
  }
}
