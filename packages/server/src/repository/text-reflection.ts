// protobuf.js has the text parser and protobuf-es the generated messages: a message's description, carried from one
// to the other. (Through the binary descriptor would do it too, at twice the time of a start.)
import {
	type DescEnum,
	type DescField,
	type DescMessage,
	ScalarType,
} from "@bufbuild/protobuf";
import protobuf from "protobufjs/light.js";

/** The message and every message and enum of its file. */
export function reflectMessage(message: DescMessage): protobuf.Type {
	const { file } = message;
	const root = new protobuf.Root();
	const home = root.define(file.proto.package);
	for (const item of file.enums) home.add(toEnum(item));
	for (const item of file.messages) home.add(toType(item));
	return root.lookupType(message.typeName);
}

function toType(message: DescMessage): protobuf.Type {
	const type = new protobuf.Type(message.name);
	for (const field of message.fields) type.add(toField(field));
	for (const { name, fields } of message.oneofs)
		type.add(
			new protobuf.OneOf(
				name,
				fields.map((field) => field.name),
			),
		);
	for (const nested of message.nestedEnums) type.add(toEnum(nested));
	for (const nested of message.nestedMessages) type.add(toType(nested));
	return type;
}

function toField(field: DescField): protobuf.ReflectionObject {
	const { name, number } = field;
	if (field.fieldKind === "map")
		return new protobuf.MapField(
			name,
			number,
			ScalarType[field.mapKey].toLowerCase(),
			typeName(field),
		);
	const rule = field.fieldKind === "list" ? "repeated" : "optional";
	return new protobuf.Field(name, number, typeName(field), rule);
}

/** Of a value: of a list's or map's one too. */
function typeName(field: DescField): string {
	const { message, enum: choices, scalar } = field;
	if (message !== undefined) return `.${message.typeName}`;
	if (choices !== undefined) return `.${choices.typeName}`;
	return ScalarType[scalar].toLowerCase();
}

function toEnum({ name, values }: DescEnum): protobuf.Enum {
	return new protobuf.Enum(
		name,
		Object.fromEntries(values.map((value) => [value.name, value.number])),
	);
}
