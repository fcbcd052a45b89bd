// Text fields that never act on a half-written word: while an input method composes, neither typing nor Enter counts.
import type { Ref, TargetedEvent, TargetedKeyboardEvent } from "preact";
import { useRef } from "preact/hooks";

/** Whether a key belongs to the input method. 229 is what browsers say whose composition has just ended with this key. */
export function isComposing(event: { isComposing: boolean; keyCode: number }): boolean {
  return event.isComposing || event.keyCode === 229;
}

interface Props {
  value: string;
  onText: (text: string) => void;
  onKey?: (event: TargetedKeyboardEvent<HTMLInputElement>) => void;
  inputRef?: Ref<HTMLInputElement>;
  id?: string;
  class?: string;
  role?: "combobox" | "searchbox";
  placeholder?: string;
  "aria-label"?: string;
  "aria-invalid"?: boolean;
  "aria-describedby"?: string;
  "aria-expanded"?: boolean;
  "aria-controls"?: string;
  "aria-autocomplete"?: "list";
  "aria-activedescendant"?: string;
  onClick?: () => void;
  onBlur?: () => void;
}

export function TextInput({ value, onText, onKey, inputRef, ...rest }: Props) {
  const composing = useRef(false);
  const take = (event: TargetedEvent<HTMLInputElement>) => onText(event.currentTarget.value);
  return (
    <input
      type="text"
      autocomplete="off"
      autocapitalize="off"
      spellcheck={false}
      {...rest}
      ref={inputRef}
      value={value}
      onInput={event => {
        if (!composing.current) take(event);
      }}
      onCompositionStart={() => {
        composing.current = true;
      }}
      onCompositionEnd={event => {
        composing.current = false;
        take(event);
      }}
      onKeyDown={event => {
        // Enter that ends a composition must not send the form as well.
        if (isComposing(event)) {
          if (event.key === "Enter") event.preventDefault();
          return;
        }
        onKey?.(event);
      }}
    />
  );
}
