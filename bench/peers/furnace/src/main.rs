//! furnace-server with ONNX Runtime as its engine: the fastest peer that a registry installs, and the yardstick of
//! `bench/serve`. It serves one FP32 model of one input and one output over HTTP and gRPC on loopback, until its
//! standard input ends: it never outlives the process that started it.
//!
//!     furnace-peer model=FILE name=NAME http-port=N grpc-port=N sessions=N threads=N max-batch=N workers=N
//!         max-concurrent=N
//!
//! `ORT_DYLIB_PATH` names the ONNX Runtime library.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Condvar, Mutex};

use furnace::{DataType, HostTensor, IoSpec, Model, ModelError, Server, TensorModel, Values};
use ort::session::Session;
use ort::value::{Outlet, TensorRef, ValueType};

fn main() -> Result<(), Box<dyn Error>> {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let options = Options::of_process()?;
    let model = OnnxModel::load(&options)?;
    let (http_port, grpc_port) = (options.number("http-port")?, options.number("grpc-port")?);
    let (max_batch, workers) = (options.number("max-batch")?, options.number("workers")?);
    let max_concurrent = options.number("max-concurrent")?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(
            Server::new()
                .port(u16::try_from(http_port)?)
                .configure(|config| {
                    config.grpc_port = u16::try_from(grpc_port).ok();
                    config.max_concurrent_requests = max_concurrent;
                    config.batching.max_batch_size = max_batch;
                    config.batching.workers = workers;
                })
                .model(Model::custom(model))
                .serve(),
        )?;
    Ok(())
}

/// `key=value` words of the command line.
struct Options(HashMap<String, String>);

impl Options {
    fn of_process() -> Result<Self, String> {
        std::env::args()
            .skip(1)
            .map(|word| match word.split_once('=') {
                Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
                None => Err(format!("'{word}' is not key=value")),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn text(&self, key: &str) -> Result<&str, String> {
        self.0
            .get(key)
            .map(String::as_str)
            .ok_or_else(|| format!("{key}= is missing"))
    }

    fn number(&self, key: &str) -> Result<usize, String> {
        let text = self.text(key)?;
        text.parse()
            .map_err(|_| format!("{key}= takes a number, got '{text}'"))
    }
}

struct OnnxModel {
    name: String,
    input: IoSpec,
    output: IoSpec,
    /// The first dimension of the graph's input, where the graph fixes it.
    fixed_batch: Option<usize>,
    sessions: SessionPool,
}

impl OnnxModel {
    fn load(options: &Options) -> Result<Self, Box<dyn Error>> {
        let (file, threads) = (options.text("model")?, options.number("threads")?);
        let environment = ort::init().build()?;
        let sessions = (0..options.number("sessions")?)
            .map(|_| {
                Session::builder(&environment)?
                    .with_intra_threads(threads)?
                    .commit_from_file(file)
            })
            .collect::<ort::Result<Vec<_>>>()?;
        let first = sessions.first().ok_or("sessions= must be above 0")?;
        let ([input], [output]) = (first.inputs(), first.outputs()) else {
            return Err("the model must have one input and one output".into());
        };
        Ok(Self {
            name: options.text("name")?.to_owned(),
            fixed_batch: usize::try_from(dimensions(input)?[0]).ok(),
            input: spec(input)?,
            output: spec(output)?,
            sessions: SessionPool::new(sessions),
        })
    }
}

/// With the batch dimension first; -1 where the graph leaves one open.
fn dimensions(outlet: &Outlet) -> Result<&[i64], String> {
    match outlet.dtype() {
        ValueType::Tensor { shape, .. } if !shape.is_empty() => Ok(shape),
        other => Err(format!("{} has no batch dimension: {other}", outlet.name())),
    }
}

/// What furnace wants to know: the shape of one item.
fn spec(outlet: &Outlet) -> Result<IoSpec, String> {
    let item = dimensions(outlet)?[1..]
        .iter()
        .map(|&size| usize::try_from(size).ok())
        .collect::<Vec<_>>();
    Ok(IoSpec::new(outlet.name(), DataType::Fp32, &item))
}

impl fmt::Debug for OnnxModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl TensorModel for OnnxModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn backend(&self) -> &str {
        "onnxruntime-cpu"
    }

    fn inputs(&self) -> Vec<IoSpec> {
        vec![self.input.clone()]
    }

    fn outputs(&self) -> Vec<IoSpec> {
        vec![self.output.clone()]
    }

    fn fixed_batch(&self) -> Option<usize> {
        self.fixed_batch
    }

    fn run(&self, inputs: Vec<HostTensor>) -> furnace::Result<Vec<HostTensor>> {
        let HostTensor {
            shape,
            values: Values::F32(values),
        } = &inputs[0]
        else {
            unreachable!("furnace checks requests against inputs()")
        };
        let infer = |session: &mut Session| -> ort::Result<Vec<HostTensor>> {
            let input = TensorRef::from_array_view((shape.clone(), values.as_slice()))?;
            let outputs = session.run(ort::inputs![self.input.name.as_str() => input])?;
            let (shape, values) = outputs[self.output.name.as_str()].try_extract_tensor::<f32>()?;
            Ok(vec![HostTensor {
                shape: shape.iter().map(|&size| size as usize).collect(),
                values: Values::F32(values.to_vec()),
            }])
        };
        self.sessions
            .with(infer)
            .map_err(|error| ModelError::InferenceFailed(error.to_string()).into())
    }
}

/// ort's `run` wants a session for itself: callers take one out, or wait for one.
struct SessionPool {
    idle: Mutex<Vec<Session>>,
    returned: Condvar,
}

impl SessionPool {
    fn new(sessions: Vec<Session>) -> Self {
        Self {
            idle: Mutex::new(sessions),
            returned: Condvar::new(),
        }
    }

    fn with<T>(&self, use_session: impl FnOnce(&mut Session) -> T) -> T {
        let mut idle = self.idle.lock().unwrap();
        let mut session = loop {
            match idle.pop() {
                Some(session) => break session,
                None => idle = self.returned.wait(idle).unwrap(),
            }
        };
        drop(idle);
        let result = use_session(&mut session);
        self.idle.lock().unwrap().push(session);
        self.returned.notify_one();
        result
    }
}
