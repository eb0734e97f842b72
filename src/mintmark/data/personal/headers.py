"""What a column's name says of persons, in English, German, French, Spanish, Italian, Dutch,
Portuguese, Polish and Swedish.

Names of columns are read as compounds: `customer_name` is a person's because of who has it, a role
that ends the name (`sales_rep`, `created_by`) is a person, and a thing or a measure (`product_name`,
`phone_type`) is none, whatever else the name holds.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["ROLES", "THINGS", "hints", "languages", "whose", "words"]

_BY_KIND: dict[str, str] = {
    "email": "email emailid mail e-mail emailaddress mailaddress correo courriel mejl epost emailadres "
    "emailadresse",
    "phone": "phone telephone tel telefon telefono telefone telefoon mobile mobil mobiltelefon movil "
    "cell cellphone handy handynummer portable fax rufnummer telefonnummer telefonnr telnr "
    "mobilnummer mobilfunk mobilfunknummer mobilfunknr handynr rufnr phonenumber phonenr "
    "phoneno celular cellulare gsm telefonszam telephon fono komorka mobiel mobielnummer tfno "
    "tlf msisdn landline telefonu telemovel telefoonnummer telefoonnr mobilnr whatsapp",
    "first_name": "firstname forename givenname fname firstnm vorname rufname prenom nombrepila prenome "
    "voornaam imie fornamn primeironome namefirst namegiven given forenames nomepropio "
    "tilltalsnamn",
    "last_name": "lastname lastnm surname familyname lname nachname familienname zuname nomfamille "
    "apellido apellidos cognome achternaam nazwisko efternamn sobrenome apelido namelast "
    "familienaam nomnaissance nomusage geburtsname",
    "name": "fullname customername clientname patientname personname contactname employeename "
    "cardholder accountholder kundenname ansprechpartner vollername vollstandigername "
    "nomcomplet nomprenom nomclient nombrecompleto nombreapellidos nombrecliente nomecompleto "
    "nominativo membername guestname volledigenaam nombreapellido",
    "maybe_name": "name holder naam namn contact nom nombre nome",
    "address": "address fulladdress addr adresse anschrift direccion indirizzo adres adress endereco "
    "domicilio domicile postaladdress homeaddress wohnadresse adressecomplete "
    "direccioncompleta morada",
    "street": "street streetaddress address1 addressline addressline1 strasse strassehausnummer "
    "strassenname rue calle straat ulica gata gatuadress numerorue voie via rua",
    "city": "city town ort stadt wohnort ville commune ciudad localidad poblacion municipio citta "
    "comune plaats woonplaats miasto stad cidade",
    "postcode": "postcode postalcode zip zipcode plz postleitzahl codepostal cp codigopostal cap "
    "postnummer kodpocztowy cep postcodes postal",
    "national_id": "ssn socialsecurity socialsecuritynumber nino ni nationalinsurance nationalid idnumber "
    "steuerid steueridnr steueridentifikationsnummer personnr steuernummer "
    "sozialversicherungsnummer svnr rvnr nir insee numerosecu securitesociale nss numsecu dni "
    "nie nif codicefiscale cf bsn burgerservicenummer pesel personnummer cpf sin tfn ppsn ahv "
    "avs tin taxid nationalinsurancenumber identifiantfiscal documento cedula",
    "card": "card cardnumber creditcard creditcardnumber ccnumber cc ccnum kreditkarte "
    "kreditkartennummer kartennummer cartebancaire numerocarte tarjeta numerotarjeta "
    "cartadicredito creditcardnr pan kaartnummer kartanumer kortnummer cartao debitcard "
    "paymentcard cardno cartebleue tarjetacredito numcb",
    "iban": "iban bankaccount kontonummer bankverbindung compte comptebancaire rib cuenta "
    "cuentabancaria conto rekening rekeningnummer konto accountnumber bankkonto",
}
_ROLE_WORDS = (
    "customer client patient employee doctor physician nurse teacher driver seller agent manager "
    "rep reps representative salesperson salesman salesrep student pupil author owner tenant "
    "guest applicant candidate beneficiary insured payer recipient sender spouse partner husband "
    "wife father mother parent guardian child son daughter sibling witness lawyer attorney judge "
    "coach trainer instructor professor lecturer supervisor director operator technician engineer "
    "clerk cashier person passenger pilot captain donor player actor user member subscriber "
    "borrower lender cardholder holder contact assignee approver reviewer reporter creator editor "
    "buyer purchaser consultant adviser advisor broker caseworker therapist surgeon dentist "
    "referrer relative kunde kunden kundin mitarbeiter sachbearbeiter bearbeiter arzt lehrer "
    "fahrer verkaufer verkaeufer vertreter berater betreuer leiter ansprechpartner mieter "
    "vermieter eigentumer inhaber versicherter antragsteller schuler ersteller patienten "
    "ehepartner vater mutter kind arbeitnehmer medecin employe salarie enseignant professeur "
    "chauffeur conducteur vendeur responsable titulaire assure conjoint gestionnaire eleve "
    "proprietaire locataire cliente paciente medico empleado profesor conductor vendedor titular "
    "conyuge propietario alumno paziente dipendente insegnante autista venditore responsabile "
    "intestatario proprietario klant arts medewerker leraar bestuurder verkoper eigenaar huurder "
    "contactpersoon utente funcionario motorista aluno klient pacjent lekarz pracownik nauczyciel "
    "kierowca sprzedawca wlasciciel kund lakare anstalld larare forare saljare agare"
)
"""Who a person is to the table."""
_DONE_WORDS = (
    "created assigned approved modified updated reported signed handled entered owned sold "
    "prepared reviewed performed treated taught driven registered requested ordered changed "
    "checked issued seen referred erstellt bearbeitet angelegt geandert cree modifie creado "
    "modificado creato gemaakt criado"
)
_THING_WORDS = (
    "product item article brand company firm shop store business organisation organization org "
    "institution vendor supplier employer manufacturer maker make model file folder path host "
    "server domain url website site ip ipv mac hostname color colour city town village county "
    "country state province region district borough place location destination origin station "
    "stop airport port route venue hotel restaurant bar university college school hospital clinic "
    "ward bank team club band album song track film movie book title game series show event storm "
    "hurricane ship vessel boat horse dog cat pet breed species genus family plant animal drug "
    "medicine disease diagnosis condition symptom gene protein department dept branch project "
    "campaign plan category genre language currency nationality race religion job occupation "
    "profession position task word tag hashtag sentence description note notes comment message "
    "topic recipe measure lesson room building floor law batch lot order case contract policy "
    "meter voucher invoice parcel serial sku upc ean isbn gtin npi siren siret ndc asset device "
    "part material barcode planet star river lake mountain park produkt artikel marke firma "
    "unternehmen datei farbe stadt ort ortsteil land kreis bundesland hersteller lieferant "
    "arbeitgeber schiff schule verein abteilung beruf sprache waehrung wahrung krankheit produit "
    "marque entreprise societe fichier couleur ville pays fournisseur ecole bateau langue metier "
    "producto marca empresa archivo fichero ciudad pais proveedor escuela barco idioma prodotto "
    "azienda colore citta paese fornitore scuola nave lingua bedrijf kleur stad plaats "
    "leverancier merk schip taal produto cor cidade fornecedor escola navio firmy kolor miasto "
    "kraj szkola statek foretag farg skola fartyg"
)
"""What has a name and is no person."""
_MEASURE_WORDS = (
    "id ids key code type kind class status flag count counts total sum amount revenue sales "
    "price cost eur usd gbp cents value score rate ratio share percent pct length len size width "
    "height weight minutes hours days visits pages clicks calls usage volume duration date time "
    "timestamp year month age hash md5 sha checksum version format opt optin consent verified "
    "valid validated active enabled has is lang prefix anzahl summe betrag umsatz datum "
    "typcantidad montant importe fecha tipo importo aantal bedrag kwota ilosc antal belopp"
)
"""What is counted, measured or numbered, of whatever the rest of the name says."""
_LANGUAGE: dict[str, str] = {
    "de": "vorname nachname familienname strasse anschrift plz postleitzahl ort wohnort stadt "
    "telefon telefonnummer rufnummer rufnr handy handynummer handynr mobil mobilnummer "
    "mobilfunknummer kunde kundenname kreditkarte kreditkartennummer kartennummer steuerid "
    "sozialversicherungsnummer kontonummer bankverbindung hausnummer ansprechpartner "
    "geburtsdatum adresse",
    "fr": "prenom nom rue ville codepostal telephone portable courriel adresse cartebancaire "
    "numerocarte nir securitesociale naissance nomcomplet nomfamille domicile compte "
    "numerosecu",
    "es": "nombre apellido apellidos calle ciudad codigopostal telefono movil correo direccion dni "
    "nie nif tarjeta cuenta domicilio poblacion localidad nombrecompleto celular",
    "it": "nome cognome indirizzo citta telefono cellulare codicefiscale comune conto nominativo via cap",
    "nl": "voornaam achternaam straat woonplaats plaats telefoon telefoonnummer bsn rekeningnummer "
    "naam mobiel klant",
    "pt": "nome sobrenome apelido endereco cidade telefone telemovel celular morada cpf cartao rua",
    "pl": "imie nazwisko ulica miasto pesel komorka telefon telefonu adres",
    "sv": "fornamn efternamn gata gatuadress personnummer postnummer mejl telefon mobil namn telefonnr",
}
_KINDS = {kind: frozenset(text.split()) for kind, text in _BY_KIND.items()}
_LANGUAGES = {tongue: frozenset(text.split()) for tongue, text in _LANGUAGE.items()}
ROLES, THINGS = frozenset(_ROLE_WORDS.split()), frozenset(_THING_WORDS.split())
_MEASURES, _DONE = frozenset(_MEASURE_WORDS.split()), frozenset(_DONE_WORDS.split())
_SMALL_WORDS = "de du des der del della di da do la le el en et e i y o of the and und och in at on by to"
_FIRST_WORDS = "first given forename prenom vorname voornaam fornamn imie"
_LAST_WORDS = (
    "last family surname nachname achternaam efternamn cognome apellido apellidos apelido sobrenome nazwisko"
)
_SMALL, _FIRST, _LAST = (frozenset(text.split()) for text in (_SMALL_WORDS, _FIRST_WORDS, _LAST_WORDS))
_OF_KIND = frozenset({"full", "number", "nr", "no", "num", "code", "house", "line", "names"}).union(
    _FIRST, _LAST, *_KINDS.values()
)
_PLAIN = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "æ": "ae"})


def words(name: str) -> list[str]:
    """The words of a column's name, lower case, without accents."""
    spread = re.sub(r"([a-z0-9à-ÿ])([A-Z])", r"\1 \2", name)
    plain = unicodedata.normalize("NFKD", spread.lower().translate(_PLAIN))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.findall(r"[a-z0-9]+", plain)


def hints(name: str) -> set[str]:
    """Kinds that the name speaks of.

    Besides the kinds: "maybe_name" where it may be a person's or any other name, "role" where it says
    who a person is, "other" where it clearly names something else than a person.
    """
    every = words(name)
    parts = [word for word in every if word not in _SMALL and not word.isdigit()]
    parts = [bare for word in parts if (bare := word.rstrip("0123456789") or word)]
    found = _kinds(every) | _kinds(parts)
    if _is_whole(set(parts)):
        return {"name"}
    whose = _owner(parts)
    if whose == "person" and not found & {"first_name", "last_name"}:
        found.add("name")
    if found & {"first_name", "last_name", "name", "email", "phone", "card", "iban", "national_id"}:
        found -= {"maybe_name", "address"}
    if set(parts) & {"ip", "ipv", "web", "url", "mac"}:
        found.discard("address")
    if _is_measure(parts):
        return {"other"}
    if found & {"first_name", "last_name", "name"}:
        return found
    if (parts and parts[-1] in ROLES) or (
        set(every) & _DONE and set(every) & {"by", "to", "von", "par", "por"}
    ):
        return found | {"role"}
    if whose == "thing" or THINGS & set(parts):
        return {"other"} | found - {"maybe_name"}
    return found


def whose(name: str) -> str:
    """Of whom or of where it speaks, apart from the kind: ``agent`` of ``agent_email``, ``billing`` of
    ``billing_city``, the role of ``Kundenname``; "" of a bare ``email``.
    """
    parts = [word.rstrip("0123456789") for word in words(name) if word not in _SMALL and not word.isdigit()]
    heads = [part.removesuffix(end) for part in parts for end in ("name", "naam", "namn")]
    for part in [*parts, *(near for head in heads for near in (head, head.rstrip("ns")))]:
        if part in ROLES:
            return part
    return " ".join(part for part in parts if part not in _OF_KIND)


def _kinds(parts: list[str]) -> set[str]:
    runs = {"".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, min(i + 4, len(parts)) + 1)}
    return {kind for kind, known in _KINDS.items() if known & runs}


def _is_whole(parts: set[str]) -> bool:
    """Whether it names given and family name together: ``nome e cognome``, ``Imię i nazwisko``."""
    last = bool(parts & _LAST)
    return (bool(parts & _FIRST) and (last or bool(parts & {"nom", "naam", "namn"}))) or (
        last and bool(parts & {"nome", "nombre"})
    ) or {"name", "vorname"} <= parts  # fmt: skip


def _owner(parts: list[str]) -> str | None:
    """Whose name it is where it is one: a "person"'s (``Nom du client``), a "thing"'s, or not said."""
    for at, part in enumerate(parts):
        head = next((part.removesuffix(end) for end in ("name", "naam", "namn") if part.endswith(end)), None)
        if head:  # one word: Kundenname, klantnaam
            near = [head, head.rstrip("ns"), head.removesuffix("en")]
        elif head == "" or part in ("names", "nom", "nombre", "nome", "nazwa"):
            near = parts[at - 1 : at] or parts[1:2]
        else:
            continue
        if set(near) & (ROLES - {"user", "subscriber"}):
            return "person"
        if set(near) & THINGS:
            return "thing"
        if ROLES & set(parts) - {"user"} and not THINGS & set(parts):
            return "person"
    return None


def _is_measure(parts: list[str]) -> bool:
    """Whether it counts or numbers (``phone_type``, ``id client``), and the kind does not say so itself."""
    ends = parts[-1:] and parts[-1] in _MEASURES and not _kinds_at(parts, ends=True)
    begins = (
        parts[:1] and parts[0] in _MEASURES - {"key", "sales", "day"} and not _kinds_at(parts, ends=False)
    )
    return bool(ends or begins)


def _kinds_at(parts: list[str], *, ends: bool) -> bool:
    runs = {"".join(parts[-n:] if ends else parts[:n]) for n in range(1, 5)}
    return any(known & runs for known in _KINDS.values())


def languages(name: str) -> set[str]:
    """The languages that the name can be of, as far as its words are known here; English headers stand
    in tables of every country and say nothing.
    """
    parts = words(name)
    runs = {"".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)}
    return {tongue for tongue, known in _LANGUAGES.items() if known & runs}
